import Core
import Scripting
import Storage

/// `POST /api/<path>/import`: rows of comma-separated values, in slices that each take a small share of the tenant's lane, so
/// that sales beside it wait no longer than for any other request.
///
/// Under an `Idempotency-Key` each slice notes in its own commit how far it came: the same request again goes on from there, and
/// once all is done it gets the answer that was given. A trial keeps nothing, its key neither.
struct RecordImport {
    /// The most rows of one import.
    static let mostRows = 10_000
    /// The most of one that is kept whole or not at all: it is done in one go.
    static let mostWholeRows = 200
    /// After so long, or so many rows, a slice ends.
    private static let sliceNanoseconds: UInt64 = 8_000_000
    private static let sliceRows = 100

    let type: RecordType
    let call: Call
    let isDryRun: Bool
    let names: [String]
    /// The fields that the columns are, nil for the id.
    let fields: [FieldDeclaration?]
    let rows: [CSV.Row]
    private let checks: Schema, checksOfKnown: Schema
    /// The request as its key sees it.
    private let keyed: Idempotency.Request?

    struct Counts: Sendable {
        var created = 0, updated = 0, failed = 0
    }

    /// What became of some rows.
    fileprivate struct Part: Sendable {
        var verdicts: [Value] = []
        var counts = Counts()
        var seen: Set<String>

        var report: Value {
            [
                "created": .int(Int64(counts.created)), "updated": .int(Int64(counts.updated)), "failed": .int(Int64(counts.failed)),
                "rows": .array(verdicts),
            ]
        }
    }

    /// The request was answered already.
    private struct Answered: Error {
        let answer: Idempotency.Answer
    }

    /// Nothing of it stays.
    private struct Undone: Error {
        let part: Part
    }

    init(_ type: RecordType, _ call: Call, isDryRun: Bool, isWhole: Bool) throws {
        let all: [CSV.Row]
        do {
            all = try CSV.parse(call.bodyBytes, limit: Self.mostRows + 1)
        } catch {
            throw Problem(422, "request.invalid", "Line \(error.line) of the file \(error.message).")
        }
        guard let names = all.first?.cells else { throw Problem(422, "request.invalid", "The file is empty; its first row names the fields.") }
        self.type = type
        self.call = call
        self.isDryRun = isDryRun
        self.names = names
        fields = try RecordEndpoints.header(names, type)
        rows = Array(all.dropFirst())
        if isWhole, rows.count > Self.mostWholeRows {
            throw Problem(
                422, "record.import_too_long",
                "The file has \(rows.count) rows. All or nothing goes for at most \(Self.mostWholeRows), which are kept in one go; send fewer, or leave all_or_nothing out and have each row judged for itself.",
                field: "all_or_nothing", extra: [("most", .int(Int64(Self.mostWholeRows)))])
        }
        if fields.contains(where: { $0 == nil }), type.permissions.update.map(call.principal.may) != true || type.appendOnly {
            throw Problem(403, "auth.forbidden", "The file has a column id, and you may not change these records.")
        }
        func schema(isNew: Bool) -> Schema {
            .object(type.fields.filter { !$0.readOnly }.map { field in
                Schema.Member(field.jsonName, .nullable(field.schema), required: isNew && field.required && field.fallback == nil)
            })
        }
        checks = schema(isNew: true)
        checksOfKnown = schema(isNew: false)
        keyed = try isDryRun ? nil : call.idempotencyKey.map { key in
            try Idempotency.Request(
                principalID: call.principal.userID, route: call.endpoint.path.description, key: key, path: call.endpoint.path.description,
                query: call.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&"), body: call.bodyBytes)
        }
    }

    /// On a thread that may wait for the lane.
    func carryOut(isWhole: Bool) throws -> Reply {
        var done = Part(seen: [])
        do {
            if let keyed, let tenant = call.tenant {
                try tenant.store.read { db in
                    if let answer = try Idempotency.lookup(db, keyed) { throw Answered(answer: answer) }
                    for part in try UnfinishedWork(db: db, request: keyed).parts() { done.add(part) }
                }
            }
            return try carryOut(isWhole: isWhole, &done)
        } catch let answered as Answered {
            return Reply(
                answered.answer.status, bytes: answered.answer.body, contentType: answered.answer.contentType,
                headers: [("Idempotency-Replayed", "true")])
        }
    }

    private func carryOut(isWhole: Bool, _ done: inout Part) throws -> Reply {
        var isKept = !isDryRun
        repeat {
            do {
                let (slice, kept) = try self.part(behind: done, isWhole: isWhole)
                done = slice
                isKept = kept
            } catch {
                // What was kept is told; the rest can be sent again, under the same key too.
                guard isKept, !done.verdicts.isEmpty, !(error is Answered), let problem = (error as? any ProblemConvertible)?.problem,
                    problem.code != UnfinishedWork.inProgress.code
                else { throw error }
                for row in rows[done.verdicts.count...] {
                    done.verdicts.append(Self.failed(row, problem, detail: "This row and those behind it were not tried: \(problem.detail)"))
                    done.counts.failed += 1
                }
            }
        } while done.verdicts.count < rows.count
        return Reply(200, answer(done, isKept: isKept))
    }

    private func answer(_ done: Part, isKept: Bool) -> Value {
        var answer = done.report.object ?? Object()
        answer["kept"] = .bool(isKept)
        return .object(answer)
    }

    /// - Returns: what became of the rows up to the end of the next slice, and whether it stays.
    private func part(behind done: Part, isWhole: Bool) throws -> (Part, kept: Bool) {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Records belong to a tenant.") }
        // The call belongs to this thread, which does nothing until the lane is through with it.
        nonisolated(unsafe) let work = self
        do {
            return (try tenant.store.write { db in
                try work.call.requireServed()
                return try work.call.with(db) {
                    let slice = try work.perform(from: done.verdicts.count, seen: done.seen, isWhole: isWhole, db)
                    let all = done.joined(slice)
                    try work.keep(slice, from: done.verdicts.count, all, isKept: true, db)
                    return all
                }
            }, kept: !isDryRun)
        } catch let undone as Undone {
            let all = done.joined(undone.part)
            if keyed != nil { try tenant.store.write { db in try work.keep(undone.part, from: 0, all, isKept: false, db) } }
            return (all, kept: false)
        }
    }

    /// Notes under the key, in the commit of a slice, that it is done; with the last one what all of it came to.
    private func keep(_ slice: Part, from first: Int, _ all: Part, isKept: Bool, _ db: Connection) throws {
        guard let keyed else { return }
        if let answer = try Idempotency.lookup(db, keyed) { throw Answered(answer: answer) }
        let work = UnfinishedWork(db: db, request: keyed)
        try work.note(from: first, slice.report, now: call.now)
        guard all.verdicts.count == rows.count else { return }
        try work.finish(
            Idempotency.Answer(status: 200, contentType: "application/json", body: JSON.serialize(answer(all, isKept: isKept))), now: call.now)
    }

    private func perform(from first: Int, seen: Set<String>, isWhole: Bool, _ db: Connection) throws -> Part {
        let scope = try RunScope(call)
        scope.allow(lines: min(rows.count - first, isWhole ? Self.mostWholeRows : Self.sliceRows) * (1 + type.table.lines.count))
        var slice = Part(seen: seen)
        let end = monotonicNanoseconds() + Self.sliceNanoseconds
        for row in rows[first...] {
            if !isWhole, slice.verdicts.count == Self.sliceRows || !slice.verdicts.isEmpty && monotonicNanoseconds() > end { break }
            slice.verdicts.append(try verdict(row, scope, db, &slice))
        }
        if isDryRun || isWhole && slice.counts.failed > 0 { throw Undone(part: slice) }
        return slice
    }

    private func verdict(_ row: CSV.Row, _ scope: RunScope, _ db: Connection, _ slice: inout Part) throws -> Value {
        do {
            let (id, values) = try read(row)
            let checked = try (id == nil ? checks : checksOfKnown).read(.object(values), currency: scope.tenant.currency).named(type.fields)
            if isDryRun { try refuseRepetition(of: checked, &slice.seen) }
            let done = try db.savepoint {
                if let branch = checked["branch"]?.int, type.branchScoped { try Authorization.requireMembership(call.principal, branch: branch) }
                if let id, type.branchScoped, let old = try scope.records.find(type, id: id), !RecordEndpoints.isVisible(type, old, to: call.principal) {
                    throw Problem.noRecord(type, id)
                }
                let changes = RecordChanges(scope)
                if let id { _ = try changes.update(type, id: id, checked) }
                let done = try id ?? changes.create(type, checked)
                if type.branchScoped, let record = try scope.records.find(type, id: done) {
                    try RecordEndpoints.requireVisible(type, record, to: call.principal)
                }
                return done
            }
            if id == nil { slice.counts.created += 1 } else { slice.counts.updated += 1 }
            return ["line": .int(Int64(row.line)), "status": id == nil ? "created" : "updated", "id": .int(done)]
        } catch {
            if let fault = error as? ScriptFault, fault.verdict.isLimit { throw error }
            guard let problem = (error as? any ProblemConvertible)?.problem, problem.status < 500 else { throw error }
            slice.counts.failed += 1
            return Self.failed(row, problem)
        }
    }

    /// The row's id, where it names one, and its values under their JSON names.
    private func read(_ row: CSV.Row) throws -> (id: Int64?, values: Object) {
        guard row.cells.count == fields.count else {
            throw Problem(422, "request.invalid", "The row has \(row.cells.count) cells, the first one has \(fields.count).")
        }
        var id: Int64?
        var values = Object()
        for (field, text) in zip(fields, row.cells) {
            guard let field else {
                if text.isEmpty { continue }
                guard let number = Int64(text), number > 0 else { throw Problem(422, "request.invalid", "“id” must be a number.", field: "id") }
                id = number
                continue
            }
            if field.kind == .function { continue }
            if let value = try RecordEndpoints.value(text, field) {
                values[field.jsonName] = value
            } else if id != nil, !field.isNeverEmpty {
                values[field.jsonName] = .null
            }
        }
        return (id, values)
    }

    /// Rows of a trial that are undone with their slice would not see each other: what must be unique is looked at here.
    private func refuseRepetition(of values: Object, _ seen: inout Set<String>) throws {
        let keys = type.table.columns.filter(\.field.unique).map { [$0.field.name] }
            + type.table.indexes.filter { $0.unique && $0.filter.isEmpty }.map(\.fields)
        for names in keys {
            let parts = names.map { values[$0] ?? .null }
            if parts.contains(.null) { continue }
            let key = "\(names.joined(separator: ","))=\(String(decoding: JSON.serialize(.array(parts)), as: UTF8.self))"
            guard seen.insert(key).inserted else {
                throw Problem(
                    409, "record.not_unique", "The file has the same \(names.joined(separator: ", ")) twice.", field: names.first)
            }
        }
    }

    private static func failed(_ row: CSV.Row, _ problem: Problem, detail: String? = nil) -> Value {
        let errors = problem.extra.first { $0.0 == "errors" }?.1
            ?? .array([
                ["field": problem.field.map(Value.string) ?? .null, "code": .string(problem.code), "message": .string(detail ?? problem.detail)]
            ])
        return ["line": .int(Int64(row.line)), "status": "failed", "code": .string(problem.code), "errors": errors]
    }
}

extension RecordImport.Part {
    /// What is behind this one put to it.
    fileprivate func joined(_ next: Self) -> Self {
        var all = self
        all.verdicts += next.verdicts
        all.counts.created += next.counts.created
        all.counts.updated += next.counts.updated
        all.counts.failed += next.counts.failed
        all.seen = next.seen
        return all
    }

    /// One that was noted.
    fileprivate mutating func add(_ report: Value) {
        verdicts += report["rows"]?.array ?? []
        counts.created += Int(report["created"]?.int ?? 0)
        counts.updated += Int(report["updated"]?.int ?? 0)
        counts.failed += Int(report["failed"]?.int ?? 0)
    }
}
