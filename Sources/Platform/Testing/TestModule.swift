import Core
import Ledger
import Scripting
import Storage

/// `testing`: what the words of tests stand on. Only test files have it.
enum TestModule {
    typealias Body = @Sendable (TestRun, Arguments) throws -> Value

    static let functions: [(name: String, body: Body)] = [
        ("call", { run, arguments in try run.call(arguments) }),
        ("record", { run, arguments in
            let name = try arguments.text(0)
            guard let type = run.revision.recordType(name) else {
                throw arguments.wrong(0, "is “\(name)”, which is no record type here")
            }
            return .int(try RecordChanges(run.scope(), isTrusted: true).create(type, try arguments.object(1)))
        }),
        ("fixture", { run, arguments in
            let name = try arguments.text(0)
            guard let text = run.subject.fixtures["fixtures/\(name).json"] else {
                throw arguments.wrong(0, "is “\(name)”; there is no fixtures/\(name).json")
            }
            guard let groups = try JSON.parse(text).object else { throw arguments.wrong(0, "is no object of record types") }
            return .array(groups.map { ["type": .string($0.key), "rows": $0.value] })
        }),
        ("clock_at", { run, arguments in
            let text = try arguments.text(0)
            if let instant = try? Instant(text) {
                run.clock.set(instant)
            } else {
                run.clock.set(TestRun.morning(of: try arguments.date(0), in: run.subject.tenant.timeZone))
            }
            try run.forgetSchedules()
            return .null
        }),
        ("clock_advance", { run, arguments in
            let span = try arguments.options(0, "days", "hours", "minutes", "months")
            try run.knowSchedules()
            if let months = try span.integer("months") {
                let zone = run.subject.tenant.timeZone
                let now = run.clock.now()
                let today = zone.date(of: now)
                let later = try today.adding(months: Int(months))
                run.clock.set(now.adding(milliseconds: Int64(today.days(until: later)) * 86_400_000))
            }
            let minutes = (try span.integer("days") ?? 0) * 1_440 + (try span.integer("hours") ?? 0) * 60 + (try span.integer("minutes") ?? 0)
            guard abs(minutes) < 100_000_000 else { throw arguments.wrong(0, "is too long a time") }
            run.clock.advance(milliseconds: minutes * 60_000)
            return .null
        }),
        ("as_user", { run, arguments in
            run.principal = try TestUser.principal(arguments, run.db)
            return .null
        }),
        ("branch", { run, arguments in
            let code = try arguments.text(0)
            let options = try arguments.options(1, "name", "business_type")
            let branch =
                try Branches.find(run.db, code: code)
                ?? Branches.create(
                    run.db, run.actor, code: code, name: try options.text("name") ?? code, businessType: try options.text("business_type") ?? "")
            run.branchID = branch.id
            return .string(branch.code)
        }),
        ("till", { run, arguments in
            let code = try arguments.text(0)
            guard let branch = try run.branchID ?? Branches.list(run.db, limit: 1).first?.id else {
                throw arguments.wrong(0, "is a till of no branch: there is none; say in_branch before")
            }
            let till = try Tills.find(run.db, branchID: branch, code: code) ?? Tills.create(run.db, run.actor, branchID: branch, code: code, name: code)
            return ["id": .int(till.id), "code": .string(till.code), "name": .string(till.name), "branch": .int(till.branchID)]
        }),
        ("setting", { run, arguments in
            guard let package = run.subject.package else { throw arguments.wrong(0, "has no plugin that it belongs to: rule files have no settings") }
            try Settings.set(run.db, run.actor, .tenant, "\(package.name).\(try arguments.text(0))", arguments[1])
            return .null
        }),
        ("secret", { run, arguments in
            let name = try arguments.text(0)
            guard let package = run.subject.package, package.manifest.secrets.contains(name) else {
                throw arguments.wrong(0, "is “\(name)”, which is no secret of the plugin under test")
            }
            try Secrets(run.db, run.subject.tenant).set("\(package.name).\(name)", try arguments.text(1), actor: run.actor)
            return .null
        }),
        ("stub", { run, arguments in
            try run.outside.stub(arguments)
            return .null
        }),
        ("effects", { run, _ in .array(try run.effects()) }),
        ("run_job", { run, arguments in try run.runJob(arguments) }),
        ("run_due", { run, _ in .array(try run.runDue()) }),
        ("rules", { run, arguments in run.evidence.rules(of: try arguments.text(0)) }),
        ("rule_value", { run, arguments in try run.ruleValue(try arguments.text(0), at: try arguments.text(1)) }),
        ("notes", { run, _ in .array(run.evidence.notes.map { ["label": .string($0.label), "value": $0.value] }) }),
        ("costs", { run, arguments in try run.costs(arguments) }),
        ("replay", { run, arguments in try run.replay(arguments) }),
        ("entries", { run, _ in .array(try run.entries()) }),
        ("balanced", { run, _ in .bool(try run.ledger.trialBalance().totals.allSatisfy { $0.debits == $0.credits }) }),
    ]

    /// How authors call those whose names differ.
    static let words = [
        "record": "given.record", "clock_at": "clock.at", "clock_advance": "clock.advance", "branch": "in_branch", "till": "on_till",
        "setting": "with_settings", "secret": "secret.stub", "stub": "http.stub",
    ]

    /// Numbers of the functions in the bridge begin here, behind those of every script.
    static let first = 1_000_000

    /// What test files stand on: all that scripts have, and the words of tests.
    static let base = HostAPI.makeBase(
        further: functions.enumerated().map { Scripting.HostFunction("testing", $1.name, id: first + $0, exposed: false) },
        prelude: [
            ("testing", PackageResources.testing_lua), ("testing_world", PackageResources.testing_world_lua),
            ("testing_evidence", PackageResources.testing_evidence_lua),
        ])
}

/// Whose eyes a test looks through.
private enum TestUser {
    static func principal(_ arguments: Arguments, _ db: Connection) throws -> Principal {
        var roles: [String] = []
        var permissions: Set<String> = []
        var branches: Set<Int64>?
        switch arguments[0] {
        case .string(let role): roles = [role]
        default:
            let given = try arguments.options(0, "roles", "permissions", "branches")
            roles = try given.texts("roles")
            permissions = Set(try given.texts("permissions"))
            let codes = try given.texts("branches")
            if !codes.isEmpty {
                branches = Set(try codes.map { code in
                    guard let branch = try Branches.find(db, code: code) else { throw arguments.wrong(0, "names the branch \(code), which is not there") }
                    return branch.id
                })
            }
        }
        for name in roles {
            guard let role = try Roles.find(db, name: name) else { throw arguments.wrong(0, "names the role “\(name)”, which is not there") }
            permissions.formUnion(role.permissions)
        }
        return Principal(
            kind: .user, userID: 1, username: roles.first ?? "tester", roles: roles, permissions: try PermissionIncludes.expand(permissions, db),
            branchIDs: branches)
    }
}
