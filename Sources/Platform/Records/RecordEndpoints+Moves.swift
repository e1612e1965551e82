import Core
import Storage

/// `POST /api/<path>/{id}/moves/{state}`, what moves there were, and bringing back what was deleted.
extension RecordEndpoints {
    static func moves(of type: RecordType, path: String, shape: [Schema.Member]) -> [Endpoint] {
        guard let state = type.state, let read = type.permissions.read else { return [] }
        let targets = state.moves.reduce(into: [String]()) { if !$0.contains($1.to) { $0.append($1.to) } }
        return [
            // Who may see the record may ask; each move then has a permission of its own.
            Endpoint(
                .post, PathTemplate("/api/\(path)/{id}/moves/{state}"), access: .permission(read), execution: .write,
                documentation: .init(
                    "Move to another state: \(type.title)", tag: type.plugin,
                    pathParameters: [id, .init("state", .string(allowed: targets), "The state to move to.")],
                    input: .object([.init("note", .string(maxLength: 500), "Why, for those who read it later.")]),
                    replies: [.init(200, "The moved record", .object(shape))])
            ) { call in
                let (scope, record) = try find(type, call)
                try requireMatch(type, record, call)
                let id = record["id"]?.int ?? 0
                _ = try RecordChanges(scope).move(type, id: id, to: call.parameters["state"] ?? "", note: call.body["note"]?.string ?? "")
                let moved = try scope.records.find(type, id: id) ?? Object()
                try requireVisible(type, moved, to: call.principal)
                return Reply(200, type.json(moved), headers: [("ETag", etag(moved))])
            },
            Endpoint(
                .get, PathTemplate("/api/\(path)/{id}/moves"), access: .permission(read), execution: .read,
                documentation: .init(
                    "List the moves: \(type.title)", tag: type.plugin, pathParameters: [id],
                    replies: [
                        .init(200, "Oldest first", .object([
                            .init("items", .array(.object([
                                .init("id", .integer(minimum: 1), required: true), .init("from", .string(), required: true),
                                .init("to", .string(), required: true), .init("note", .string(), required: true),
                                .init("user_id", .integer(minimum: 0), required: true), .init("moved_at", .instant, required: true),
                            ])), required: true)
                        ]))
                    ])
            ) { call in
                let (_, record) = try find(type, call)
                return Reply(200, ["items": .array(try RecordChanges.moves(call.database, type, id: record["id"]?.int ?? 0))])
            },
        ]
    }

    static func restore(of type: RecordType, path: String, shape: [Schema.Member]) -> [Endpoint] {
        guard type.softDelete, let permission = type.permissions.delete else { return [] }
        return [
            Endpoint(
                .post, PathTemplate("/api/\(path)/{id}/restore"), access: .permission(permission), execution: .write,
                documentation: .init(
                    "Bring back: \(type.title)", tag: type.plugin, pathParameters: [id],
                    replies: [.init(200, "The record", .object(shape))])
            ) { call in
                let (scope, record) = try find(type, call, deleted: true)
                let id = record["id"]?.int ?? 0
                try RecordChanges(scope).restore(type, id: id)
                let restored = try scope.records.find(type, id: id) ?? Object()
                return Reply(200, type.json(restored), headers: [("ETag", etag(restored))])
            }
        ]
    }
}
