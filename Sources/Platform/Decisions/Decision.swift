import Core
import Scripting

/// One answer that a rule file gave: which version, asked what, and what it said.
package struct Decision: Sendable {
    /// `pos.posting`
    package var contract: String
    /// `Rules/posting/standard.lua`
    package var path: String
    package var version: Int64
    /// `sale`; `tax.calculate` for a document's taxes, which the kernel works out by the profile.
    package var function: String
    /// The arguments, value after value, as they crossed.
    package var input: [UInt8]
    /// The results, as they crossed.
    package var output: [UInt8]

    package var reference: String { "\(path)@\(version)" }

    package var arguments: [Value] { Self.values(input) }
    package var results: [Value] { Self.values(output) }

    static func values(_ bytes: [UInt8]) -> [Value] {
        bytes.withUnsafeBytes { bytes in
            var reader = FlatReader(bytes)
            return (try? reader.readAll()) ?? []
        }
    }
}

/// What one request decided by rules, and the record that came of it.
///
/// `@unchecked Sendable`: the request's thread fills it; from the commit on it belongs to the log's writer.
final class RequestDecisions: @unchecked Sendable {
    let tenantID: Int64
    let at: Instant
    private(set) var decisions: [Decision] = []
    /// What scripts noted of their way; kept with the record.
    var notes: [TraceNote] = []
    /// The first record that the request made: the sale, not its stock movements.
    var record: (type: String, id: Int64)?
    private var bytes = 0
    /// Which records were written when how much was decided.
    private(set) var saves: [Save] = []

    /// A record that was written: what was decided before it may stand in it.
    struct Save {
        let type: String
        let id: Int64
        /// The fields that were written; nil for all of a new record.
        let fields: [String]?
        /// The first so many decisions of the request came before.
        let decisions: Int
    }

    /// Beyond this a request's further decisions are not kept.
    static let mostBytes = 256 << 10

    init(tenantID: Int64, at: Instant) {
        self.tenantID = tenantID
        self.at = at
    }

    func add(_ decision: @autoclosure () -> Decision, bytes size: Int) {
        bytes += size
        if bytes <= Self.mostBytes { decisions.append(decision()) }
    }

    private static let mostSaves = 1_000

    func saved(_ type: String, _ id: Int64, fields: [String]?) {
        // Before anything was decided nothing of it can stand in a record.
        if decisions.isEmpty || saves.count >= Self.mostSaves { return }
        saves.append(Save(type: type, id: id, fields: fields, decisions: decisions.count))
    }
}

extension RunScope {
    /// Notes that a rule set had a say in this request.
    func used(_ set: RuleSet) {
        if !rulesUsed.contains(where: { $0 === set }) { rulesUsed.append(set) }
    }

    /// Notes what a rule set answered.
    func decided(_ set: RuleSet, _ function: String, input: UnsafeRawBufferPointer, output: () -> [UInt8]) {
        guard let decisions else { return }
        let result = output()
        decisions.add(
            Decision(
                contract: set.contract.id, path: set.path, version: set.version, function: function, input: Array(input), output: result),
            bytes: input.count + result.count + 128)
    }

    /// Notes that a record was made; the first one is what the request was about.
    func made(_ type: RecordType, _ id: Int64) {
        if firstRecord == nil { firstRecord = (type.name, id) }
        guard let decisions else { return }
        if decisions.record == nil { decisions.record = (type.name, id) }
        decisions.saved(type.name, id, fields: nil)
    }

    /// Notes that fields of a record were written; nil where it is not known which.
    func changed(_ type: RecordType, _ id: Int64, fields: @autoclosure () -> [String]?) {
        decisions?.saved(type.name, id, fields: fields())
    }
}
