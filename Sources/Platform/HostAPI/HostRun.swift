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
    /// The rule sets that had a say in the request.
    var rulesUsed: [RuleSet] = []
    /// The first record that the request made.
    var firstRecord: (type: String, id: Int64)?
    /// Whether the request gave what is kept encrypted: then it is not recorded.
    var isConfidential = false
    /// What the rules answered; nil where it is not kept.
    var decisions: RequestDecisions?
    private(set) var counts = Counts()
    /// What its scripts used so far.
    private(set) var used = Usage()
    /// What its scripts noted of their way, for those who look at the run.
    private(set) var notes: [TraceNote] = []
    /// The test that looks on.
    private(set) var watch: RunWatch?
    var limits = Counts.route
    /// What the request's scripts may still use together; a run inside a run spends from that one.
    var scriptLimits = ScriptLimits.request
    private var depth = 0
    private var asked: [(permission: String, isHeld: Bool)] = []
    /// What scripts logged, at most 64 KiB of text; handed on when the request is over, however it ended.
    private(set) var log: [ScriptLog.Line] = []
    private var logBytes = 0
    /// Where the log goes; nil for nowhere.
    var scriptLog: ScriptLog?
    /// The job of which this is a step.
    var job: JobContext?
    /// Where a run may wait for the outside.
    var courier: Courier?
    /// Where answers of reports are kept; nil for none, as on a copy of the tenant's data.
    var reports: ReportCache?

    /// Reads, rows read and rows written by host calls.
    struct Counts {
        var reads = 0
        var rowsRead = 0
        var rowsWritten = 0

        static let route = Counts(reads: 200, rowsRead: 10_000, rowsWritten: 1_000)
        static let read = Counts(reads: 1_000, rowsRead: 100_000, rowsWritten: 0)
        static let lifecycle = Counts(reads: 10_000, rowsRead: 100_000, rowsWritten: 100_000)
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
            clock: call.clock, now: call.now, actor: call.actingUser, requestID: call.requestID)
        if let watch = call.watch {
            observed(by: watch)
        } else if call.endpoint.execution == .write, let decisions = call.instance.decisions.begin(tenant.id, at: call.now) {
            self.decisions = decisions
            let log = call.instance.decisions
            call.afterCommit { log.add(decisions) }
        }
        scriptLog = call.instance.scriptLog
        if !call.isOnCopy { reports = call.instance.reports }
    }

    func observed(by watch: RunWatch) {
        self.watch = watch
        watch.began(self)
    }

    /// What switches hooks off that keep failing.
    var breaker: HookBreaker { watch?.breaker ?? tenant.hookBreaker }

    deinit {
        if !log.isEmpty { scriptLog?.write(log) }
    }

    /// Room for a document's lines beyond what every request has, so that a long one is nobody's fault.
    func allow(lines: Int) {
        limits.reads += 4 * lines
        limits.rowsRead += 4 * lines
        limits.rowsWritten += 4 * lines
        scriptLimits.steps += UInt64(20_000 * lines)
        scriptLimits.cpuMilliseconds += UInt32(lines)
        scriptLimits.wallMilliseconds += UInt32(lines)
        scriptLimits.hostCalls += UInt32(8 * lines)
        scriptLimits.nodes += UInt32(100 * lines)
        scriptLimits.resultBytes += UInt32(4_096 * lines)
    }

    /// Runs a script on what the request has left.
    /// - Parameter plugin: whose script it is; nil for a rule file.
    func spending<Result>(plugin: String?, _ run: (ScriptLimits) throws -> ScriptResult<Result>) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        let result: ScriptResult<Result>
        do {
            result = try run(scriptLimits)
        } catch let fault as ScriptFault {
            // What it printed before it failed is what its author wants to see most.
            if !fault.log.isEmpty { try? note("debug", fault.log, .null, plugin: plugin) }
            if depth == 1 { used = used + fault.usage }
            throw fault
        }
        if depth == 1 {
            scriptLimits = scriptLimits.remaining(after: result.usage)
            used = used + result.usage
        }
        if !result.log.isEmpty { try note("debug", result.log, .null, plugin: plugin) }
        return result.value
    }

    /// Keeps what a script says of its way.
    func trace(_ label: String, _ value: Value, plugin: String?) throws {
        try spendLog(label, value)
        let note = TraceNote(label: label, value: value, plugin: plugin)
        notes.append(note)
        decisions?.notes.append(note)
    }

    private func spendLog(_ text: String, _ fields: Value) throws {
        logBytes += 32 + text.utf8.count + (fields == .null ? 0 : JSON.serialize(fields).count)
        let limit = Int(ScriptLimits.request.logBytes)
        if logBytes > limit { throw Self.exceeded("output", limit, "bytes of log") }
    }

    /// Keeps a line for the log.
    func note(_ level: String, _ message: String, _ fields: Value, plugin: String?) throws {
        try spendLog(message, fields)
        log.append(
            ScriptLog.Line(level: level, message: message, fields: fields, plugin: plugin, run: requestID, tenantID: tenant.id))
    }

    /// Whether the user holds a permission; the same few are asked for at every call.
    func may(_ permission: String) -> Bool {
        for index in asked.indices where asked[index].permission == permission { return asked[index].isHeld }
        let isHeld = principal.may(permission)
        asked.append((permission, isHeld))
        return isHeld
    }

    func countRead(rows: Int = 1) throws {
        counts.reads += 1
        counts.rowsRead += rows
        if counts.reads > limits.reads { throw Self.exceeded("reads", limits.reads, "reads") }
        if counts.rowsRead > limits.rowsRead { throw Self.exceeded("rows_read", limits.rowsRead, "rows read") }
    }

    /// How many rows the request may still read.
    var rowsLeft: Int { max(0, limits.rowsRead - counts.rowsRead) }

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

    private(set) lazy var records = RecordStore(database, currency: tenant.currency, now: now, userID: principal.userID, seal: RecordSeal(tenant))

    var ledger: Ledger { database.ledger(clock: clock) }

    private(set) lazy var today: CalendarDate = tenant.timeZone.date(of: now)
}

/// One run of one script inside a request: its phase decides what it may call, its plugin what it may touch.
package final class HostRun: ScriptHost {
    let scope: RunScope
    let phase: Phase
    /// The package whose code runs; nil for a rule file.
    let package: PluginPackage?
    /// For tests, which look at everything: capabilities are not asked for.
    let isTrusted: Bool

    init(_ scope: RunScope, phase: Phase, package: PluginPackage?, isTrusted: Bool = false) {
        self.scope = scope
        self.phase = phase
        self.package = package
        self.isTrusted = isTrusted
    }

    package func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        let target = HostAPI.functions[function]
        guard target.phases.allows(phase) else {
            throw Problem(
                422, "script.phase",
                "\(target.qualifiedName) is not allowed in phase “\(phase.rawValue)” (allowed: \(target.phases.names)).")
        }
        let start = arguments
        do {
            switch target.body {
            case .flat(let body): try body(self, &arguments, &results)
            case .values(let body): results.write(try body(self, Arguments(function: target.qualifiedName, values: try arguments.readAll())))
            }
        } catch let error as FlatError {
            throw Self.misuse(of: target, at: arguments, from: start, error)
        }
    }

    /// Tells which argument was of the wrong type.
    private static func misuse(of target: HostFunction, at place: FlatReader, from start: FlatReader, _ error: FlatError) -> Problem {
        var scan = start
        var number = 1
        while !scan.isAtEnd, scan.remainder.count > place.remainder.count, (try? scan.skip()) != nil {
            if scan.remainder.count >= place.remainder.count { number += 1 }
        }
        return Problem(422, "script.argument", "\(target.qualifiedName): argument \(number): \(error.problem.detail)")
    }
}
