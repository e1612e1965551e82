import Core
import Scripting
import Storage

/// `/api/lua`: a console for authors, and what their editors want to know.
package enum ConsoleEndpoints {
    package static let endpoints: [Endpoint] = [
        Endpoint(
            .post, "/api/lua", access: .permission("scripts.publish"), execution: .write, idempotency: Endpoint.Idempotency.none,
            documentation: .init(
                "Run a piece of Lua in a transaction that is rolled back", tag: "Scripts",
                input: .object([.init("source", .string(minLength: 1, maxLength: 64 << 10), required: true, "An expression, or statements with a return.")]),
                replies: [
                    .init(
                        200, "What it gave; nothing of it has happened",
                        .object([
                            .init("result", .any), .init("log", .array(.string()), required: true),
                            .init("trace", .array(TraceNote.schema), required: true, "What trace.note was given."),
                            .init("instructions", .integer(minimum: 0), required: true),
                        ]))
                ])
        ) { call in try run(call) },
        Endpoint(
            .get, "/api/lua/stubs", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "Annotations for editors: the host API and the record types here", tag: "Scripts",
                replies: [.init(200, "A file of LuaCATS annotations", .string(), contentType: "text/plain; charset=utf-8")])
        ) { call in
            Reply(200, bytes: Array(StubFile.text(call.revision?.plugins ?? .none).utf8), contentType: "text/plain; charset=utf-8")
        },
    ]

    /// Ends the savepoint with the answer in hand.
    private struct Undo: Error {
        let reply: Reply
    }

    private static func run(_ call: Call) throws -> Reply {
        let source = call.body["source"]?.string ?? ""
        let chunk = try compiled(source)
        do {
            try call.database.savepoint {
                let scope = try RunScope(call)
                scope.decisions = nil
                let host = HostRun(scope, phase: .route, package: nil, isTrusted: true)
                let result: ScriptResult<Value> = try Program(base: HostAPI.base, chunk).run("run", limits: .request, seed: scope.seed, host: host) { _ in
                } result: { reader in
                    var json = JSONWriter()
                    if reader.readNull() { json.null() } else { try reader.writeJSON(into: &json) }
                    return try JSON.parse(json.bytes)
                }
                let lines = scope.log.map { "\($0.level): \($0.message)" } + (result.log.isEmpty ? [] : [result.log])
                throw Undo(reply: Reply(200, [
                    "result": result.value, "log": .array(lines.map(Value.string)), "trace": .array(scope.notes.map(\.described)),
                    "instructions": .int(Int64(clamping: result.usage.steps)),
                ]))
            }
        } catch let undo as Undo {
            return undo.reply
        }
        preconditionFailure("the savepoint of the console ends by an error")
    }

    /// As an expression where it is one, else as statements.
    private static func compiled(_ source: String) throws -> CompiledChunk {
        func wrapped(_ body: String) throws -> CompiledChunk {
            try CompiledChunk("return { run = function() \(body)\nend }", name: "console")
        }
        if let expression = try? wrapped("return \(source)") { return expression }
        return try wrapped(source)
    }
}
