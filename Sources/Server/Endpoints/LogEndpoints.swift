import Core
import Platform

/// `/api/logs`: the end of the server's log; to a business only what is its own.
enum LogEndpoints {
    static let tenant = [
        Endpoint(
            .get, "/api/logs", access: .permission("audit.view"), execution: .worker, rateClass: .analytics,
            documentation: documentation("Read the end of the server's log, as far as it is about this business")
        ) { call in
            guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "There is no tenant here.") }
            return try read(call) { $0["tenant"]?.int == tenant.id || $0["tenant"]?.string == String(tenant.id) }
        }
    ]

    static let `operator` = [
        Endpoint(
            .get, "/api/logs", access: .operator, execution: .worker,
            documentation: documentation("Read the end of the server's log")
        ) { call in try read(call) { _ in true } }
    ]

    /// How far back it is looked.
    private static let window: Int64 = 8 << 20

    private static func documentation(_ summary: String) -> Endpoint.Documentation {
        .init(
            summary, tag: "Health",
            query: [
                .init("lines", .integer(minimum: 1, maximum: 1_000), "The most lines; 50 if left out."),
                .init("request", .string(), "Only lines of this request."),
                .init("module", .string(), "Only what the scripts of this plugin logged."),
                .init("level", .string(allowed: ["debug", "info", "warning", "error"]), "Only lines of this level."),
            ], replies: [.init(200, "The newest lines, oldest first", .object([.init("items", .array(.map(.any)), required: true)]))])
    }

    private static func read(_ call: Call, _ isWanted: (Value) -> Bool) throws -> Reply {
        let most = try call.queryInteger("lines") ?? 50
        guard (1...1_000).contains(most) else {
            throw Problem.invalid([Schema.Fault(field: "lines", code: "out_of_range", message: "must be from 1 to 1000")])
        }
        let request = call.queryValue("request"), level = call.queryValue("level"), module = call.queryValue("module")
        var items: [Value] = []
        for line in try tail("\(call.instance.dataPath)/log/kontor.log").reversed() {
            guard items.count < most else { break }
            guard let value = try? JSON.parse(Array(line)), isWanted(value) else { continue }
            if let request, value["request_id"]?.string != request, value["run"]?.string != request { continue }
            if let level, value["level"]?.string != level { continue }
            if let module, value["plugin"]?.string != module { continue }
            items.append(value)
        }
        return Reply(200, ["items": .array(items.reversed())])
    }

    /// The lines at the end of a file; none where there is no file, as when the log goes to standard error.
    private static func tail(_ path: String) throws -> [ArraySlice<UInt8>] {
        guard Files.exists(path) else { return [] }
        let bytes = try Files.end(of: path, bytes: Int(window))
        var lines = bytes.split(separator: 10)
        // The first may have lost its beginning.
        if bytes.count == Int(window), !lines.isEmpty { lines.removeFirst() }
        return lines
    }
}
