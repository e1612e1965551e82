import Core
import Scripting
import Storage

/// `POST /api/<path>/import`: rows of comma-separated values, in slices that each take a small share of the tenant's lane, so
/// that sales beside it wait no longer than for any other request.
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

    struct Counts: Sendable {
        var created = 0, updated = 0, failed = 0
    }

    /// What became of some rows.
    private struct Part: Sendable {
        var verdicts: [Value] = []
        var counts = Counts()
        var seen: Set<String>
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
    }

    /// On a thread that may wait for the lane.
    func carryOut(isWhole: Bool) throws -> Reply {
        var verdicts: [Value] = []
        var counts = Counts()
        var isKept = !isDryRun
        var seen: Set<String> = []
        while verdicts.count < rows.count {
            do {
                let (slice, kept) = try self.part(from: verdicts.count, seen: seen, isWhole: isWhole)
                verdicts += slice.verdicts
                counts.created += slice.counts.created
                counts.updated += slice.counts.updated
                counts.failed += slice.counts.failed
                seen = slice.seen
                isKept = kept
            } catch {
                // What was kept is told; the rest can be sent again.
                guard isKept, !verdicts.isEmpty, let problem = (error as? any ProblemConvertible)?.problem else { throw error }
                for row in rows[verdicts.count...] {
                    verdicts.append(Self.failed(row, problem, detail: "This row and those behind it were not tried: \(problem.detail)"))
                    counts.failed += 1
                }
            }
        }
        return Reply(
            200,
            [
                "created": .int(Int64(counts.created)), "updated": .int(Int64(counts.updated)), "failed": .int(Int64(counts.failed)),
                "kept": .bool(isKept), "rows": .array(verdicts),
            ])
    }

    /// - Returns: what became of the rows from `first` on, and whether it stays.
    private func part(from first: Int, seen: Set<String>, isWhole: Bool) throws -> (Part, kept: Bool) {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Records belong to a tenant.") }
        // The call belongs to this thread, which does nothing until the lane is through with it.
        nonisolated(unsafe) let work = self
        do {
            return (try tenant.store.write { db in
                try work.call.requireServed()
                return try work.call.with(db) { try work.perform(from: first, seen: seen, isWhole: isWhole, db) }
            }, kept: !isDryRun)
        } catch let undone as Undone {
            return (undone.part, kept: false)
        }
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
