import Core
import Storage

/// Moves of records between the states that their type declares.
extension RecordChanges {
    private static let insertMove = SQL(
        """
        INSERT INTO platform_record_moves (record_type, record_id, from_state, to_state, note, user_id, moved_at, request_id)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """)
    private static let selectMoves = SQL(
        """
        SELECT id, from_state, to_state, note, user_id, moved_at FROM platform_record_moves
          WHERE record_type = ?1 AND record_id = ?2 ORDER BY id LIMIT 1000
        """)

    /// Moves a record: guard, hooks of posting, effect, hooks of saving, the row that tells of it, the audit row and the event.
    /// - Returns: the new version.
    /// - Throws: 404 `record.not_found`; 409 `record.move_not_allowed` naming the moves that are, `record.move_refused` when
    ///   the guard says no; 403 `auth.forbidden`; and as `update`.
    func move(_ type: RecordType, id: Int64, to target: String, note: String = "") throws -> Int64 {
        let (state, old) = try stateful(type, id)
        let current = old[state.field]?.string ?? ""
        guard let move = state.moves(from: current).first(where: { $0.to == target }) else {
            throw Self.notAllowed(type, state, from: current, to: target)
        }
        return try make(move, of: type, id, old, note: note)
    }

    /// Makes the move that posts, or voids, from where the record is.
    /// - Throws: 409 `record.move_not_allowed` where there is none; and as `move(_:id:to:)`.
    func move(_ type: RecordType, id: Int64, by posting: RecordState.Posting, note: String = "") throws -> Int64 {
        let (state, old) = try stateful(type, id)
        let current = old[state.field]?.string ?? ""
        guard let move = state.moves(from: current).first(where: { $0.is(posting) }) else {
            throw Self.notAllowed(type, state, from: current, to: posting == .post ? "posted" : "void")
        }
        return try make(move, of: type, id, old, note: note)
    }

    private func stateful(_ type: RecordType, _ id: Int64) throws -> (RecordState, Object) {
        guard let state = type.state else {
            throw Problem(409, "record.no_states", "A \(type.title.lowercased()) has no states to move between.")
        }
        guard let old = try scope.records.find(type, id: id) else { throw Problem.noRecord(type, id) }
        return (state, old)
    }

    private func make(_ move: RecordState.Move, of type: RecordType, _ id: Int64, _ old: Object, note: String) throws -> Int64 {
        guard let state = type.state else { throw Problem.noRecord(type, id) }
        let permission = move.permission ?? type.permissions.update
        if let permission, !scope.principal.may(permission) { throw Authorization.forbidden(permission) }
        return try scope.database.savepoint {
            let package = scope.revision.plugins.package(type.plugin)
            let context: Value = [
                "type": .string(type.name), "phase": "move", "from": .string(move.from), "to": .string(move.to), "note": .string(note),
            ]
            if move.hasGuard {
                let run = HostRun(scope, phase: .validate, package: package)
                let verdict = try ScriptCall.run(type.program, "state.moves.\(move.place).guard", [.object(old), context], run)
                if verdict != .null, verdict != true {
                    throw Problem(
                        409, "record.move_refused",
                        verdict.string ?? "This \(type.title.lowercased()) cannot move from \(move.from) to \(move.to) now.", field: state.field)
                }
            }
            var changed = old
            if move.posts { try runHooks(type, .beforePost, &changed, old: old) }
            if move.voids { try runHooks(type, .beforeVoid, &changed, old: old) }
            if move.hasEffect {
                let run = HostRun(scope, phase: .beforeSave, package: package)
                changed = try ScriptCall.run(
                    type.program, "state.moves.\(move.place).effect", [context, .object(changed), .object(old)], invoker: "hook", run
                ).object ?? changed
            }
            try checkFiles(type, changed, before: old, by: package)
            var changes = Object()
            for field in type.fields where !Value.same(changed[field.name], old[field.name]) {
                changes[field.name] = changed[field.name] ?? .null
            }
            changes[state.field] = .string(move.to)
            let version = try update(type, id: id, changes, moving: true)
            try scope.countWritten()
            try scope.database.run(
                Self.insertMove, type.name, id, move.from, move.to, note, scope.principal.userID, scope.now.description, scope.requestID)
            try Events.moved(type, id, move, note: note, scope)
            return version
        }
    }

    /// The moves that a record has made, oldest first.
    static func moves(_ db: Connection, _ type: RecordType, id: Int64) throws -> [Value] {
        try db.query(selectMoves, type.name, id) { row in
            [
                "id": .int(row.int(0)), "from": .string(row.text(1)), "to": .string(row.text(2)), "note": .string(row.text(3)),
                "user_id": .int(row.int(4)), "moved_at": .string(row.text(5)),
            ]
        }
    }

    private static func notAllowed(_ type: RecordType, _ state: RecordState, from current: String, to target: String) -> Problem {
        let allowed = state.moves(from: current).map(\.to)
        let hint = allowed.isEmpty ? "It moves nowhere from there" : "From there it moves to \(allowed.joined(separator: ", "))"
        return Problem(
            409, "record.move_not_allowed", "This \(type.title.lowercased()) is \(current) and cannot become \(target). \(hint).",
            field: state.field, extra: [("state", .string(current)), ("allowed", .array(allowed.map(Value.string)))])
    }

    /// Refuses to change or delete, by other ways than moves, what is posted.
    /// - Throws: 409 `record.posted`.
    func checkOpen(_ type: RecordType, _ old: Object) throws {
        guard let state = type.state, let current = old[state.field]?.string, state.settled.contains(current) else { return }
        let allowed = state.moves(from: current).map(\.to)
        let hint = allowed.isEmpty ? "It stays as it is" : "It changes by moves only: to \(allowed.joined(separator: ", "))"
        throw Problem(
            409, "record.posted", "This \(type.title.lowercased()) is \(current). \(hint).", field: state.field,
            extra: [("state", .string(current)), ("allowed", .array(allowed.map(Value.string)))])
    }

    /// Refuses values of the state field that did not come by a move.
    func checkState(_ type: RecordType, _ values: Object, old: Object?) throws {
        guard let state = type.state, let given = values[state.field], given != .null else { return }
        guard let current = old?[state.field] else {
            if given == .string(state.initial) { return }
            throw Problem.invalidRecord(
                type, [Schema.Fault(field: state.field, code: "state", message: "must begin as \(state.initial)")])
        }
        if given == current { return }
        throw Problem.invalidRecord(
            type,
            [Schema.Fault(field: state.field, code: "state", message: "changes by moves only: POST …/{id}/moves/{state}, or record.move")])
    }
}
