import Core
import Scripting

/// A test that looks over the shoulder of the runs that it sets off: what they used, noted and decided.
///
/// Belongs to the thread of the test.
final class RunWatch {
    /// The test's own, so that what fails there switches nothing off in the business.
    let breaker = HookBreaker()
    /// The runs since somebody took them.
    private var scopes: [RunScope] = []

    func began(_ scope: RunScope) {
        // What is decided is kept for the test, and goes to no log.
        scope.decisions = RequestDecisions(tenantID: scope.tenant.id, at: scope.now)
        scopes.append(scope)
    }

    func take() -> [RunScope] {
        defer { scopes = [] }
        return scopes
    }
}

/// What runs cost: the words of `expect_budget`.
struct RunCosts {
    var instructions: UInt64 = 0
    /// Calls that read the database.
    var queries = 0
    /// Rows that they read, and rows that were written.
    var rows = 0
    var rowsWritten = 0
    var hostCalls = 0
    /// The largest peak of one run, in bytes.
    var memory = 0

    mutating func add(_ scope: RunScope) {
        instructions += scope.used.steps
        hostCalls += Int(scope.used.hostCalls)
        memory = max(memory, scope.used.memory)
        queries += scope.counts.reads
        rows += scope.counts.rowsRead
        rowsWritten += scope.counts.rowsWritten
    }

    mutating func add(_ other: RunCosts) {
        instructions += other.instructions
        hostCalls += other.hostCalls
        memory = max(memory, other.memory)
        queries += other.queries
        rows += other.rows
        rowsWritten += other.rowsWritten
    }

    var value: Value {
        [
            "instructions": .int(Int64(clamping: instructions)), "queries": .int(Int64(queries)), "rows": .int(Int64(rows)),
            "rows_written": .int(Int64(rowsWritten)), "host_calls": .int(Int64(hostCalls)), "memory": .int(Int64(memory)),
        ]
    }
}

/// What a script noted of its way by `trace.note`.
struct TraceNote: Sendable {
    let label: String
    let value: Value
    /// The plugin whose code ran; nil for a rule file.
    let plugin: String?

    /// For people and JSON: an amount has its currency beside it.
    var described: Value {
        var told: Object = ["label": .string(label), "value": value, "plugin": plugin.map(Value.string) ?? .null]
        if case .money(let money) = value { told["currency"] = .string(money.currency.code) }
        return .object(told)
    }

    static let schema: Schema = .object([
        .init("label", .string(), required: true), .init("value", .any, required: true), .init("currency", .string(), "Of an amount of money."),
        .init("plugin", .nullable(.string()), required: true, "Whose code noted it; nothing for a rule file."),
    ])
}
