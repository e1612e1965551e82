import Core
import Scripting
import Storage

/// What a draft of a rule file would have changed: what was decided by the file, decided again by the draft, compared in money.
struct Impact {
    let scope: RunScope
    let now: RuleSet
    let draft: RuleSet

    /// Decisions that are looked at, the newest.
    static let most = 1_000
    /// Differences that are told one by one.
    static let told = 50

    struct Case {
        let decision: Decision
        let at: Instant
        let record: (type: String, id: Int64)?
    }

    static func of(_ path: String, _ call: Call) throws -> Value {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Scripts belong to a tenant.") }
        call.instance.decisions.flush()
        return try tenant.store.read { db in
            let library = RevisionLibrary(db)
            let (id, contents) = try library.currentContents()
            let revision = try library.revision(id: id, contents)
            let scripts = Scripts(db, revision: revision, currency: tenant.currency, country: tenant.country)
            let changed = try scripts.revisionWithDraft(path)
            guard let now = revision.file(path), let draft = changed.file(path) else {
                throw Problem(409, "script.not_in_force", "\(path) is not in force yet: there is nothing that it could change.")
            }
            let scope = RunScope(
                tenant: tenant, revision: changed, principal: .service, database: db, clock: call.clock, now: call.now, actor: call.actingUser,
                requestID: call.requestID)
            scope.limits = .lifecycle
            return try Impact(scope: scope, now: now, draft: draft).report(try recorded(path, tenant, call))
        }
    }

    private static func recorded(_ path: String, _ tenant: Tenant, _ call: Call) throws -> [Case] {
        guard let file = try call.instance.decisions.file(ofTenant: tenant.id) else { return [] }
        defer { file.close() }
        return try file.of(path: path, limit: most).compactMap { entry in
            (try? Instant(entry.at)).map { Case(decision: entry.decision, at: $0, record: entry.record) }
        }
    }

    // MARK: Comparing

    private func report(_ recorded: [Case]) throws -> Value {
        let cases = recorded.isEmpty ? GeneratedCases(scope: scope, now: now, draft: draft).all() : recorded
        let replay = DecisionReplay(scope: scope)
        var differences: [Value] = []
        var differ = 0
        var failed = 0
        var effect: Int64 = 0
        for one in cases {
            let before = one.decision.results
            var after: [Value] = []
            var failure: String?
            do {
                let bytes = try replay.answer(one.decision, at: one.at, by: draft)
                if DecisionReplay.agree(one.decision, bytes) { continue }
                after = Decision.values(bytes)
            } catch {
                failure = (error as? any ProblemConvertible)?.problem.detail ?? "\(error)"
                failed += 1
            }
            differ += 1
            let change = failure == nil ? Self.amount(after) - Self.amount(before) : 0
            effect += change
            guard differences.count < Self.told else { continue }
            var told: Object = [
                "function": .string(one.decision.function), "version": .int(one.decision.version), "at": .string(one.at.description),
                "arguments": .array(one.decision.arguments), "before": before.first ?? .null, "after": after.first ?? .null, "effect": .int(change),
            ]
            told["record"] = one.record.map { ["type": .string($0.type), "id": .int($0.id)] } ?? .null
            told["failure"] = failure.map(Value.string) ?? .null
            differences.append(.object(told))
        }
        let currency = scope.tenant.currency
        let money = Money(minor: effect, currency)
        let what = recorded.isEmpty ? "generated cases" : "decisions"
        let summary = "\(cases.count) \(what) replayed, \(differ) differ\(failed > 0 ? " (\(failed) fail)" : ""), \(effect > 0 ? "+" : "")\(money)"
        return [
            "summary": .string(summary), "replayed": .int(Int64(cases.count)), "generated": .bool(recorded.isEmpty), "differ": .int(Int64(differ)),
            "failed": .int(Int64(failed)), "effect": .int(effect), "currency": .string(currency.code), "differences": .array(differences),
            "values": .array(changedValues(.object(now.content.values), .object(draft.content.values), at: "")),
        ]
    }

    /// What an answer amounts to, in minor units: its total, else the debits of its lines, else all its money.
    static func amount(_ results: [Value]) -> Int64 {
        func minor(_ value: Value?) -> Int64? {
            if case .money(let money)? = value { money.minor } else { nil }
        }
        func sum(_ value: Value) -> Int64 {
            if let own = minor(value) { return own }
            if let total = minor(value["total"]) { return total }
            if let items = value.array {
                let debits = items.compactMap { minor($0["debit"]) }
                if !debits.isEmpty || items.contains(where: { minor($0["credit"]) != nil }) { return debits.reduce(0, &+) }
                return items.reduce(0) { $0 &+ sum($1) }
            }
            return value.object?.reduce(0) { $0 &+ sum($1.value) } ?? 0
        }
        return results.first.map(sum) ?? 0
    }

    /// The plain values that are other than before, by their path.
    private func changedValues(_ before: Value, _ after: Value, at place: String) -> [Value] {
        if before == after { return [] }
        if case .object(let old) = before, case .object(let new) = after {
            var names = old.map(\.key)
            for (name, _) in new where !names.contains(name) { names.append(name) }
            return names.flatMap { name in
                changedValues(old[name] ?? .null, new[name] ?? .null, at: place.isEmpty ? name : "\(place).\(name)")
            }
        }
        if case .array(let old) = before, case .array(let new) = after, old.count == new.count {
            return zip(old, new).enumerated().flatMap { changedValues($1.0, $1.1, at: "\(place)[\($0 + 1)]") }
        }
        return [["field": .string(place), "before": before, "after": after]]
    }

    static let schema: Schema = .object([
        .init("summary", .string(), required: true, "In one line.", example: "312 decisions replayed, 14 differ, -38.00 GHS"),
        .init("replayed", .integer(minimum: 0), required: true), .init("generated", .boolean, required: true, "Nothing was decided by the file yet."),
        .init("differ", .integer(minimum: 0), required: true), .init("failed", .integer(minimum: 0), required: true),
        .init("effect", .integer(), required: true, "In minor units."), .init("currency", .string(), required: true),
        .init("differences", .array(.any), required: true, "The first fifty: function, version, record, arguments, before, after, effect."),
        .init("values", .array(.any), required: true, "Plain values that are other than before: field, before, after."),
    ])
}

extension Revision {
    /// The rule set that a file holds.
    func file(_ path: String) -> RuleSet? {
        for sets in ruleSets.values { if let set = sets.values.first(where: { $0.path == path }) { return set } }
        return nil
    }
}
