import Core
import Scripting

/// One version of a rule file, checked against its contract: values at hand, functions ready to be called.
package final class RuleSet: Sendable {
    /// `Rules/tax/gh-standard.lua`
    package let path: String
    package let version: Int64
    package let content: RuleContent
    /// What scripts get for it: `values`, `functions`, `amounts`, `version` and `key`.
    let flat: [UInt8]

    package var contract: Contract { content.contract }
    package var key: String { content.key }
    /// As documents keep it: `Rules/tax/gh-standard.lua@3`.
    package var reference: String { "\(path)@\(version)" }

    package init(path: String, version: Int64, content: RuleContent) {
        self.path = path
        self.version = version
        self.content = content
        flat = Flat.bytes { writer in
            let all: Object = [
                "values": .object(content.values), "functions": .array(content.functions.map(Value.string)),
                "amounts": .array(content.amounts.map(Value.string)), "version": .string("\(path)@\(version)"), "key": .string(content.key),
            ]
            writer.write(all)
        } ?? []
    }
}

/// What a rule file says, whichever tenant and version it belongs to: shared by all that have the same text.
package final class RuleContent: Sendable {
    package let contract: Contract
    package let key: String
    package let title: String
    /// The values, with the contract's defaults.
    package let values: Object
    /// Dotted paths of the functions.
    package let functions: [String]
    /// Dotted paths of amounts of money: text in `values`, money where scripts see them.
    package let amounts: [String]
    /// Functions that stand for a value, and the field whose value that is.
    let results: [String: FieldDeclaration]
    package let program: Program
    /// For rule sets of the contract `tax`.
    package let taxProfile: TaxProfile?
    /// For rule sets of the contract `schedule`.
    package let schedule: Schedule?
    /// For rule sets of the contract `template`.
    package let template: NotificationDeclaration.Content?

    /// Which contract a rule file names; nil where it names none.
    static func contract(of source: [UInt8], path: String) throws -> String? {
        try Program(base: HostAPI.base, CompiledChunk(source, name: path)).describe()["contract"]?.string
    }

    /// - Parameters:
    ///   - path: the file's path, for messages.
    ///   - contracts: those that are installed, by id.
    /// - Throws: `ScriptFault` for what does not compile or load, `DeclarationError` for what breaks its contract.
    package init(source: [UInt8], path: String, contracts: [String: Contract]) throws {
        let chunk = try CompiledChunk(source, name: path)
        program = Program(base: HostAPI.base, chunk)
        let value = try program.describe()
        let text = String(decoding: source, as: UTF8.self)
        guard let id = value["contract"]?.string else {
            throw DeclarationError(
                file: path, field: "contract", message: "is missing: a rule file names the contract that it fulfils", line: 1)
        }
        guard let contract = contracts[id] else {
            throw DeclarationError(
                file: path, field: "contract",
                message: "is “\(id)”, which no plugin declares; there are \(contracts.keys.sorted().joined(separator: ", "))",
                line: LuaPlaces(text).line(of: "contract"))
        }
        self.contract = contract
        let reading = try contract.read(value, file: path, source: text)
        values = reading.values
        functions = reading.functions
        amounts = reading.amounts
        results = Dictionary(
            reading.functions.compactMap { path in
                contract.field(at: path).flatMap { $0.kind == .function ? nil : (path, $0) }
            }, uniquingKeysWith: { $1 })
        guard let key = values[contract.key]?.string else {
            throw DeclarationError(file: path, field: contract.key, message: "is missing", line: 1)
        }
        self.key = key
        title = values["title"]?.string ?? key
        template = id == NotificationDeclaration.template.id ? NotificationDeclaration.content(values) : nil
        do throws(DeclarationError) {
            taxProfile = id == TaxProfile.contract.id ? try TaxProfile(values, file: path) : nil
            schedule = id == Schedule.contract.id ? try Schedule(values, file: path) : nil
        } catch {
            throw DeclarationError(
                file: error.file, field: error.field, message: error.message, line: LuaPlaces(text).line(of: error.field))
        }
    }
}
