import Core
import Platform
import Scripting

/// Installing a plugin of ten record types over HTTP while it sells: from the request to the answer, trial on a copy included.
enum InstallBench {
    private static let types = 10

    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let data = try bench.demoData("install")
        guard let facts = try DemoFile(in: data), let tenant = facts.tenants.first,
            let admin = tenant.users.first(where: { $0.username == "admin" })
        else { throw Child.Failure(description: "the demo has no admin") }
        let server = try bench.serve(data)
        defer { server.child.stop() }
        let client = HTTPClient(.loopback(port: server.port))
        func ask(_ method: String, _ path: String, _ body: [UInt8], _ type: String = "application/json") throws -> Value {
            let headers = [("Host", tenant.domain), ("Authorization", "Bearer \(admin.token)"), ("Content-Type", type)]
            let answer = try client.send(method, path, headers: headers, body: body)
            guard (200..<300).contains(answer.status) else {
                throw Problem.answered(answer.status, answer.body, asked: "\(method) \(path)")
            }
            return answer.body.isEmpty ? .null : try JSON.parse(answer.body, limits: .answer)
        }
        var milliseconds: [Double] = []
        for round in 0..<max(bench.rounds, 5) {
            let archive = try ScriptThread.run { try PluginArchive.pack(files("bench\(round)"), key: .generate()) }
            let uploaded = try ask("POST", "/api/plugin-archives", archive, "application/gzip")
            let body: Value = [
                "archive": uploaded["archive"] ?? .null, "plan": uploaded["plan"]?["digest"] ?? .null,
                "consents": uploaded["plan"]?["consents"] ?? [],
            ]
            let start = monotonicNanoseconds()
            _ = try ask("POST", "/api/plugins/bench\(round)/install", JSON.serialize(body))
            milliseconds.append(Double(monotonicNanoseconds() - start) / 1e6)
        }
        let value = median(milliseconds)
        return [
            Measurement(
                name: "install", value: value, unit: "ms", floor: 1_000, bar: "at most 1 s", isMet: value <= 1_000,
                more: ["max_ms": .double(milliseconds.max() ?? 0), "record_types": .int(Int64(types))])
        ]
    }

    private static func files(_ name: String) -> [String: [UInt8]] {
        var files = [
            "plugin.lua": """
            return { name = "\(name)", version = "1.0.0", title = "Bench", publisher = "\(name).example", license = "MIT", api = "2026.1",
              permissions = { { "\(name).view", title = "See" }, { "\(name).edit", title = "Change" } } }
            """
        ]
        for number in 1...types {
            files["records/thing\(number).lua"] = """
                return { type = "\(name).thing\(number)", path = "\(name)-things\(number)",
                  permissions = { read = "\(name).view", write = "\(name).edit" },
                  fields = { { "code", "text", required = true, unique = true }, { "title", "text", index = true }, { "price", "money", min = 0 },
                    { "share", "percent" }, { "on", "date", index = true }, { "state", "enum", values = { "A", "B" }, default = "A" },
                    { "items", "lines", fields = { { "what", "text", required = true }, { "quantity", "decimal", places = 3 } } } } }
                """
        }
        return files.mapValues { Array($0.utf8) }
    }
}
