import Core
import Ledger
import Scripting
import Storage

/// One request's worth of script runs: what they share, and what they may still use.
///
/// Belongs to the thread that serves the request.
package final class RunScope {
    let tenant: Tenant
    let revision: Revision
    let principal: Principal
    let database: Connection
    let clock: any Clock
    /// The time of the document: fixed for the request, so that a replay gives the same.
    let now: Instant
    let actor: ActingUser
    let requestID: String
    private(set) var counts = Counts()
    var limits = Counts.route
    var log: [LogLine] = []

    /// Reads, rows read and rows written by host calls.
    struct Counts {
        var reads = 0
        var rowsRead = 0
        var rowsWritten = 0

        static let route = Counts(reads: 200, rowsRead: 10_000, rowsWritten: 1_000)
        static let read = Counts(reads: 1_000, rowsRead: 100_000, rowsWritten: 0)
        static let lifecycle = Counts(reads: 10_000, rowsRead: 100_000, rowsWritten: 100_000)
    }

    struct LogLine: Sendable {
        let level: String
        let message: String
        let fields: Value
    }

    package init(
        tenant: Tenant, revision: Revision, principal: Principal, database: Connection, clock: any Clock, now: Instant,
        actor: ActingUser, requestID: String
    ) {
        self.tenant = tenant
        self.revision = revision
        self.principal = principal
        self.database = database
        self.clock = clock
        self.now = now
        self.actor = actor
        self.requestID = requestID
    }

    convenience init(_ call: Call) throws {
        guard let tenant = call.tenant, let revision = call.revision else {
            throw Problem(404, "tenant.not_found", "This route belongs to a tenant.")
        }
        self.init(
            tenant: tenant, revision: revision, principal: call.principal, database: call.database,
            clock: call.instance.clock, now: call.now, actor: call.actingUser, requestID: call.requestID)
    }

    /// Room for a document's lines: 2 reads and 2 written rows each beyond what every request has.
    func allow(lines: Int) {
        limits.reads += 4 * lines
        limits.rowsRead += 4 * lines
        limits.rowsWritten += 4 * lines
    }

    func countRead(rows: Int = 1) throws {
        counts.reads += 1
        counts.rowsRead += rows
        if counts.reads > limits.reads { throw Self.exceeded("reads", limits.reads, "reads") }
        if counts.rowsRead > limits.rowsRead { throw Self.exceeded("rows_read", limits.rowsRead, "rows read") }
    }

    func countWritten(rows: Int = 1) throws {
        counts.rowsWritten += rows
        if counts.rowsWritten > limits.rowsWritten {
            throw Self.exceeded("rows_written", limits.rowsWritten, "rows written")
        }
    }

    /// The end of a run that used up a budget of the request; the script cannot catch it.
    static func exceeded(_ budget: String, _ limit: Int, _ what: String) -> ScriptLeave {
        ScriptLeave(Problem(422, "script.\(budget)", "The request made more than its budget of \(limit) \(what)."))
    }

    /// Of `math.random`: the same for every run of the request, so that a replay of it gives the same.
    var seed: UInt64 { UInt64(bitPattern: now.milliseconds) }

    var records: RecordStore {
        RecordStore(database, currency: tenant.currency, now: now, userID: principal.userID)
    }

    var ledger: Ledger { database.ledger(clock: clock) }

    var today: CalendarDate { tenant.timeZone.date(of: now) }
}

/// One run of one script inside a request: its phase decides what it may call, its plugin what it may touch.
package final class HostRun: ScriptHost {
    let scope: RunScope
    let phase: Phase
    /// The package whose code runs; nil for a rule file.
    let package: PluginPackage?

    init(_ scope: RunScope, phase: Phase, package: PluginPackage?) {
        self.scope = scope
        self.phase = phase
        self.package = package
    }

    package func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        let target = HostAPI.functions[function]
        guard target.phases.allows(phase) else {
            throw Problem(
                422, "script.phase",
                "\(target.qualifiedName) is not allowed in phase “\(phase.rawValue)” (allowed: \(target.phases.names)).")
        }
        switch target.body {
        case .flat(let body): try body(self, &arguments, &results)
        case .values(let body): results.write(try body(self, Arguments(function: target.qualifiedName, values: try arguments.readAll())))
        }
    }
}
