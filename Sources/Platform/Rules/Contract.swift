import Core
import Scripting

/// The shape of a kind of rule set: which fields with which types, units and bounds, and how one is chosen for a case.
///
/// A plugin declares it in `contracts/<name>.lua`; every file that names it in `contract = …` is checked against it before
/// it may be saved as a version that runs.
package struct Contract: Sendable {
    /// `pos.payments`
    package let id: String
    package let title: String
    /// The member that tells rule sets of this contract apart: `id`, `business_type`.
    package let key: String
    /// The key of the rule set that serves when none has the key asked for.
    package let fallback: String?
    package let fields: [FieldDeclaration]
    /// Which file declared it, for messages.
    package let file: String
    /// The program whose function `check` looks at what concerns several fields; nil where there is none.
    private let check: Program?

    /// The kernel's own contracts.
    package static let kernel = [TaxProfile.contract, Schedule.contract, NotificationDeclaration.template]

    /// - Parameters:
    ///   - value: what `contracts/<name>.lua` returned.
    ///   - program: that file, for its function `check`.
    package init(_ value: Value, file: String, program: Program) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        self.file = file
        id = try declaration.requiredText("id")
        title = try declaration.text("title") ?? id
        let key = try declaration.text("key") ?? "id"
        self.key = key.split(separator: ".").last.map(String.init) ?? key
        fallback = try declaration.text("fallback")
        fields = try FieldDeclaration.list(dottedNames: declaration, "fields")
        for (index, field) in fields.enumerated() where Self.reserved.contains(Self.head(field.name)) {
            throw declaration.wrong("fields[\(index + 1)]", "(\(field.name)) is a name that every rule set has already")
        }
        for (index, field) in fields.enumerated() where field.kind == .file || field.kind == .encrypted {
            throw declaration.wrong("fields[\(index + 1)]", "(\(field.name)) is \(field.kind.rawValue), which only records have")
        }
        if let function = declaration.value("check") {
            guard function.isScriptFunction else { throw declaration.wrong("check", "must be a function") }
            check = program
        } else {
            check = nil
        }
        try declaration.finish()
    }

    /// Members that mean the same in rule sets of every contract.
    private static let reserved: Set<String> = ["contract", "version"]

    fileprivate static func head(_ name: String) -> String {
        name.split(separator: ".").first.map(String.init) ?? name
    }

    package init(id: String, title: String, key: String, fallback: String?, fields: [FieldDeclaration]) {
        self.id = id
        self.title = title
        self.key = key
        self.fallback = fallback
        self.fields = fields
        file = "kernel"
        check = nil
    }

    /// Checks what a rule file returned and fills in defaults.
    ///
    /// - Parameters:
    ///   - value: the returned table, functions as `.function` markers.
    ///   - source: the file's text, to find the line of a fault.
    /// - Throws: `DeclarationError` with the first fault: file, line, field, message. `ScriptFault` where the contract's
    ///   own `check` fails.
    package func read(_ value: Value, file: String, source: String) throws -> Reading {
        let (reading, faults) = try readAll(value, file: file)
        if var fault = faults.first {
            fault.line = fault.line ?? LuaPlaces(source).line(of: fault.field)
            throw fault
        }
        return reading
    }

    /// All that is wrong with what a rule file returned, in the order of the contract's fields; lines are not looked up.
    package func faults(_ value: Value, file: String) -> [DeclarationError] {
        (try? readAll(value, file: file).faults) ?? []
    }

    private func readAll(_ value: Value, file: String) throws -> (reading: Reading, faults: [DeclarationError]) {
        guard case .object(let object) = value else {
            throw DeclarationError(file: file, field: "", message: "must return a table", line: 1)
        }
        var reader = Reader(file: file)
        var values = reader.read(object, fields, at: "", free: ["contract", "title"])
        if reader.faults.isEmpty, let fault = try crossFieldFault(values) { reader.faults.append(reader.wrong(fault.field, fault.message)) }
        values["contract"] = .string(id)
        if let title = object["title"], values["title"] == nil {
            if case .string = title {} else { reader.faults.append(reader.wrong("title", "must be a string")) }
            values["title"] = title
        }
        return (Reading(values: values, functions: reader.functions, amounts: reader.amounts), reader.faults)
    }

    /// What a rule file says, read by its contract.
    package struct Reading {
        /// With the contract's defaults.
        package let values: Object
        /// Dotted paths of the functions, `fees.late`, `tiers.2.fee`.
        package let functions: [String]
        /// Dotted paths of amounts of money, which are text until the tenant's currency is known.
        package let amounts: [String]
    }

    /// What the contract's own `check` finds: it gives nothing, or a list of `{ field =, message = }`, or rejects.
    private func crossFieldFault(_ values: Object) throws -> (field: String, message: String)? {
        guard let check else { return nil }
        let findings: Value
        do {
            findings = try check.run("check", [.object(values)], limits: .describe).value
        } catch let fault as ScriptFault where fault.value?["kind"]?.string == "reject" {
            findings = .array([fault.value?["errors"]?[0] ?? fault.value ?? .null])
        }
        if findings == .null || findings.items?.isEmpty == true { return nil }
        let first = findings.items?.first ?? findings
        guard let message = first["message"]?.string else {
            throw DeclarationError(file: file, field: "check", message: "must give a list of problems with field and message")
        }
        return (first["field"]?.string ?? "", message)
    }

    /// The field at a dotted path, such as that of a function: `tiers.2.fee`.
    func field(at path: String) -> FieldDeclaration? { Self.field(at: path[...], in: fields) }

    private static func field(at path: Substring, in fields: [FieldDeclaration]) -> FieldDeclaration? {
        guard let field = fields.first(where: { path == $0.name || path.hasPrefix($0.name + ".") }) else { return nil }
        var rest = path.dropFirst(field.name.count + 1)
        if rest.isEmpty { return field }
        if field.kind == .list || field.kind == .lines { rest = rest.drop { $0 != "." }.dropFirst() }
        return Self.field(at: rest, in: field.fields)
    }

    private struct Reader {
        let file: String
        var functions: [String] = []
        var amounts: [String] = []
        var faults: [DeclarationError] = []

        /// `tiers[2].fee` as scripts reach it: `tiers.2.fee`.
        private static func dotted(_ place: String) -> String {
            place.replacing("[", with: ".").replacing("]", with: "")
        }

        func wrong(_ place: String, _ message: String) -> DeclarationError {
            DeclarationError(file: file, field: place, message: message)
        }

        mutating func read(_ object: Object, _ fields: [FieldDeclaration], at place: String, free: Set<String>) -> Object {
            var result = Object()
            // Fields may have dotted names (`fees.late_fee`): those with the same head make one table.
            var heads: [String] = []
            for field in fields {
                let head = Contract.head(field.name)
                if !heads.contains(head) { heads.append(head) }
            }
            for (name, _) in object where !heads.contains(name) && !free.contains(name) {
                faults.append(wrong(join(place, name), "is not known here; there are \(heads.joined(separator: ", "))"))
            }
            for head in heads {
                let here = join(place, head)
                if let field = fields.first(where: { $0.name == head }) {
                    do throws(DeclarationError) {
                        if let value = try read(object[head], field, at: here) { result[head] = value }
                    } catch {
                        faults.append(error)
                    }
                    continue
                }
                let inner = fields.filter { $0.name.hasPrefix(head + ".") }.map { field in
                    var short = field
                    short.name = String(field.name.dropFirst(head.utf8.count + 1))
                    return short
                }
                switch object[head] {
                case nil, .null: result[head] = .object(read(Object(), inner, at: here, free: []))
                case .object(let table): result[head] = .object(read(table, inner, at: here, free: []))
                default: faults.append(wrong(here, "must be a table"))
                }
            }
            return result
        }

        mutating func read(_ value: Value?, _ field: FieldDeclaration, at place: String) throws(DeclarationError) -> Value? {
            guard let value = value ?? field.fallback, value != .null else {
                if field.required { throw wrong(place, "is missing") }
                return nil
            }
            if value.isScriptFunction {
                guard field.kind == .function || field.orFunction else { throw wrong(place, "must be a \(field.kind.rawValue), not a function") }
                functions.append(Self.dotted(place))
                return nil
            }
            switch field.kind {
            case .function:
                throw wrong(place, "must be a function")
            case .list, .lines:
                guard let items = value.items else { throw wrong(place, "must be a list") }
                if let minimum = field.minimum?.wholeValue, items.count < minimum {
                    throw wrong(place, "must have at least \(minimum) entr\(minimum == 1 ? "y" : "ies")")
                }
                if let maximum = field.maximum?.wholeValue, items.count > maximum {
                    throw wrong(place, "must have at most \(maximum) entr\(maximum == 1 ? "y" : "ies")")
                }
                if field.fields.isEmpty { return .array(items) }
                var result: [Value] = []
                for (index, item) in items.enumerated() {
                    let here = "\(place)[\(index + 1)]"
                    guard case .object(let table) = item.keyed else { throw wrong(here, "must be a table") }
                    result.append(.object(read(table, field.fields, at: here, free: [])))
                }
                return .array(result)
            case .object:
                guard case .object(let table) = value else { throw wrong(place, "must be a table") }
                return field.fields.isEmpty ? value : .object(read(table, field.fields, at: place, free: []))
            case .money:
                let amount: Decimal
                switch value {
                case .int(0): amount = Decimal(0)
                case .string(let text):
                    guard let number = try? Decimal(text) else { throw wrong(place, "must be an amount of money such as \"10.00\"") }
                    amount = number
                case .double: throw wrong(place, "is a floating-point number; write money as a string such as \"10.00\"")
                default: throw wrong(place, "must be an amount of money written as a string, such as \"10.00\"")
                }
                try checkBounds(.decimal(amount), field, place)
                amounts.append(Self.dotted(place))
                return .string(amount.description)
            default:
                if case .double = value, field.kind == .decimal || field.kind == .percent {
                    throw wrong(place, "is a floating-point number; write it as a string such as \"0.15\"")
                }
                var faults: [Schema.Fault] = []
                let checked = field.schema.check(value, at: place, currency: nil, &faults)
                if let fault = faults.first { throw wrong(place, fault.message) }
                try checkBounds(checked, field, place)
                return checked
            }
        }

        private func checkBounds(_ value: Value, _ field: FieldDeclaration, _ place: String) throws(DeclarationError) {
            guard case .decimal(let number) = value else { return }
            if let minimum = field.minimum, number < minimum { throw wrong(place, "must be at least \(minimum)") }
            if let maximum = field.maximum, number > maximum { throw wrong(place, "must be at most \(maximum)") }
        }

        private func join(_ place: String, _ name: String) -> String {
            place.isEmpty ? name : "\(place).\(name)"
        }
    }
}

extension Value {
    /// A list's items; a table without members counts as an empty list.
    var items: [Value]? {
        switch self {
        case .array(let items): items
        case .object(let object) where object.count == 0: []
        default: nil
        }
    }
}

extension RuleContent {
    /// - Throws: `DeclarationError` for an amount that the currency does not have: half a pesewa.
    func check(amountsIn currency: Currency, file: String, source: String) throws(DeclarationError) {
        for path in amounts {
            let value = path.split(separator: ".").reduce(Value.object(values)) { found, part in
                (Int(part).map { found[$0 - 1] } ?? found[String(part)]) ?? .null
            }
            guard let text = value.string, (try? Money.parse(text, currency)) != nil else {
                let place = path.split(separator: ".").map { Int($0) == nil ? ".\($0)" : "[\($0)]" }.joined().dropFirst()
                throw DeclarationError(
                    file: file, field: String(place), message: "is no amount in \(currency.code), which has \(currency.exponent) decimal places",
                    line: LuaPlaces(source).line(of: String(place)))
            }
        }
    }
}

extension FieldDeclaration {
    /// As `list`, but a name may have dots: `fees.late_fee_amount`.
    static func list(dottedNames declaration: Declaration, _ member: String) throws(DeclarationError) -> [FieldDeclaration] {
        var result: [FieldDeclaration] = []
        for (index, item) in try declaration.list(member).enumerated() {
            let place = declaration.path("\(member)[\(index + 1)]")
            guard case .object(var object) = item.keyed, case .string(let name)? = object["1"] else {
                throw DeclarationError(file: declaration.file, field: place, message: "must be a field such as { \"fees.late\", \"money\" }")
            }
            let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.allSatisfy(isName) else {
                throw DeclarationError(file: declaration.file, field: place, message: "must begin with a name such as \"fees.late\"")
            }
            object["1"] = .string(parts[parts.count - 1])
            var field = try FieldDeclaration(.object(object), file: declaration.file, place: place)
            field.name = name
            if result.contains(where: { $0.name == name }) {
                throw DeclarationError(file: declaration.file, field: place, message: "declares “\(name)” a second time")
            }
            result.append(field)
        }
        return result
    }
}
