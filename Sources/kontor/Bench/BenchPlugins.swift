import Core
import Glibc

/// Plugins that exist to be measured, in a home of their own beside the shipped ones.
enum BenchPlugins {
    static let hooked = "bench"
    static let ten = "benchten"

    /// A copy of the program's home with these plugins in it.
    static func home(_ bench: BenchRun) throws -> String {
        let home = "\(bench.scratch)/home"
        if Files.exists(home) { return home }
        try Files.createDirectory(home, mode: 0o700)
        for folder in ["Plugins", "Rules", "Web"] {
            let copied = try Child.run("cp", ["-a", "\(bench.home)/\(folder)", "\(home)/\(folder)"])
            guard copied.status == 0 else { throw Child.Failure(description: "cp: \(copied.output)") }
        }
        try write(
            hooked, home,
            [
                "records/item.lua": record("bench.item", "bench-items"),
                "hooks/fill.lua": """
                    return {
                      id = "fill", on = "bench.item", phase = "before_save",
                      run = function(item)
                        if not item.note then item.note = item.name .. " of " .. date.today() end
                      end,
                    }
                    """,
            ])
        try write(
            ten, home,
            Dictionary(
                uniqueKeysWithValues: (1...10).map { ("records/thing\($0).lua", record("benchten.thing\($0)", "bench-things-\($0)")) }))
        return home
    }

    private static func write(_ name: String, _ home: String, _ files: [String: String]) throws {
        let folder = "\(home)/Plugins/\(name)"
        let manifest = """
            return {
              name = "\(name)", version = "1.0.0", title = "For measuring", publisher = "kontor", license = "MIT",
              api = "2026.1", kernel = ">=0.1 <2",
              permissions = { { "\(name).view", title = "See" }, { "\(name).edit", title = "Change" } },
              roles = { admin = { "\(name).view", "\(name).edit" }, manager = { "\(name).view", "\(name).edit" } },
            }
            """
        for (path, text) in files.merging(["plugin.lua": manifest], uniquingKeysWith: { first, _ in first }) {
            var at = folder
            try Files.createDirectory(at, mode: 0o700)
            for part in path.split(separator: "/").dropLast() {
                at += "/\(part)"
                try Files.createDirectory(at, mode: 0o700)
            }
            try Files.writeAtomically("\(folder)/\(path)", Array(text.utf8))
        }
    }

    private static func record(_ type: String, _ path: String) -> String {
        let plugin = type.split(separator: ".").first ?? ""
        return """
            return {
              type = "\(type)", title = "Thing", path = "\(path)",
              fields = {
                { "name", "text", required = true, max = 200, index = true },
                { "quantity", "decimal", places = 3, default = "0" },
                { "price", "money", min = 0 },
                { "kind", "enum", values = { "first", "second" }, default = "first" },
                { "noted_on", "date" },
                { "active", "boolean", default = true },
                { "note", "text", max = 500 },
              },
              permissions = { read = "\(plugin).view", write = "\(plugin).edit" },
            }
            """
    }

    /// - Returns: how long the installation took, in milliseconds.
    @discardableResult
    static func install(_ name: String, port: UInt16, _ domain: String, _ token: String) throws -> Double {
        let client = HTTPClient(.loopback(port: port))
        let start = monotonicNanoseconds()
        let answer = try client.send(
            "POST", "/api/plugins",
            headers: [("Host", domain), ("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")],
            body: JSON.serialize(["name": .string(name)]))
        guard (200..<300).contains(answer.status) else { throw Problem.answered(answer.status, answer.body, asked: "POST /api/plugins") }
        return Double(monotonicNanoseconds() - start) / 1e6
    }
}
