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
    /// The first record that the request made: the sale, not its stock movements.
    var record: (type: String, id: Int64)?
    private var bytes = 0

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
        if let decisions, decisions.record == nil { decisions.record = (type.name, id) }
    }
}
