import Core
import Platform
import Storage

/// Endpoints that do just enough to show what serves them: a table of notes.
enum TestEndpoints {
    static let all: [Endpoint] = [add, list, get, count, fail, upload, slow, open]

    static let create = SQL("CREATE TABLE IF NOT EXISTS test_notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
    static let insert = SQL("INSERT INTO test_notes (text) VALUES (?1)")
    static let select = SQL("SELECT id, text FROM test_notes ORDER BY id")
    static let one = SQL("SELECT text FROM test_notes WHERE id = ?1")

    private static let note: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("text", .string(), required: true, example: "hello"),
    ])

    private static let add = Endpoint(
        .post, "/api/test/notes", access: .permission("settings.edit"), execution: .write,
        documentation: .init(
            "Add a note", tag: "Test",
            input: .object([
                .init("text", .string(minLength: 1, maxLength: 100), required: true, example: "hello"),
                .init("refuse", .integer(minimum: 400, maximum: 599), "Refuse with this status after writing."),
                .init("break", .boolean, "Throw what nobody expects after writing."),
            ]), replies: [.init(201, "The note.", note)])
    ) { call in
        try call.database.run(create)
        try call.database.run(insert, call.body["text"]?.string ?? "")
        let id = call.database.lastInsertRowID
        if let status = call.body["refuse"]?.int {
            throw Problem(Int(status), "test.refused", "Refused as asked.", field: "refuse")
        }
        if call.body["break"]?.bool == true { throw Unexpected(secret: "swordfish") }
        return Reply(201, ["id": .int(id), "text": call.body["text"] ?? .null])
    }

    struct Unexpected: Error {
        let secret: String
    }

    private static let list = Endpoint(
        .get, "/api/test/notes", access: .permission("settings.view"), execution: .read,
        documentation: .init("List notes", tag: "Test", replies: [.init(200, "The notes.", .map(.any))])
    ) { call in
        let rows = (try? call.database.query(select) { ["id": .int($0.int(0)), "text": .string($0.text(1))] as Value }) ?? []
        let tag = "\"\(rows.count)\""
        return Reply(200, ["items": .array(rows), "next_cursor": .null], headers: [("ETag", tag)])
    }

    private static let get = Endpoint(
        .get, "/api/test/notes/{id}", access: .permission("settings.view"), execution: .read,
        documentation: .init("Show a note", tag: "Test", replies: [.init(200, "The note.", note)])
    ) { call in
        let id = try call.id()
        guard let text = try call.database.first(one, id, row: { $0.text(0) }) else {
            throw Problem(404, "test.not_found", "There is no note \(id).")
        }
        return Reply(200, ["id": .int(id), "text": .string(text)])
    }

    private static let count = Endpoint(
        .get, "/api/test/analytics", access: .signedIn, execution: .read, rateClass: .analytics,
        documentation: .init("Count", tag: "Test", replies: [.init(200, "Counted.", .map(.any))])
    ) { _ in Reply(200, [:]) }

    private static let fail = Endpoint(
        .post, "/api/test/trigger", access: .signedIn, execution: .worker, rateClass: .trigger,
        documentation: .init("Run", tag: "Test", replies: [.init(202, "Started.", .map(.any))])
    ) { _ in Reply(202, [:]) }

    private static let upload = Endpoint(
        .put, "/api/test/files/{path...}", access: .permission("settings.edit"), execution: .worker, bodyLimit: 4 << 20,
        accepts: .bytes(["application/octet-stream", "text/csv"]),
        documentation: .init("Upload", tag: "Test", replies: [.init(200, "Taken.", .map(.any))])
    ) { call in
        Reply(200, ["path": .string(call.parameters["path"] ?? ""), "size": .int(Int64(call.bodyBytes.count))])
    }

    private static let slow = Endpoint(
        .get, "/api/test/export", access: .signedIn, execution: .read,
        documentation: .init("Export", tag: "Test", replies: [.init(200, "Lines.", contentType: "text/plain")])
    ) { call in
        let lines = Int(call.queryValue("lines") ?? "") ?? 0
        let failsAt = Int(call.queryValue("fails_at") ?? "") ?? .max
        return Reply(contentType: "text/plain; charset=utf-8") { _, put in
            for line in 0..<lines {
                if line == failsAt { throw Unexpected(secret: "swordfish") }
                try put(Array("line \(line)\n".utf8))
            }
        }
    }

    private static let open = Endpoint(
        .get, "/api/test/open", access: .anyone, execution: .inline,
        documentation: .init("Greet", tag: "Test", replies: [.init(200, "Hello.", .map(.any))])
    ) { call in Reply(200, ["user": .string(call.principal.username)]) }
}
