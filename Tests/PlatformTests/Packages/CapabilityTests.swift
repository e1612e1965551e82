import Core
import Platform
import Scripting
import Testing

/// Two plugins in one tenant, neither of which trusts the other: two real packages, each signed by a publisher of its own.
@Suite struct CapabilityTests {
    private static func alice() -> [String: [UInt8]] {
        PluginBench.files([
            "plugin.lua": PluginBench.manifest(
                "1.0.0", name: "alice", publisher: "alice.example",
                more: """
                    settings = { { key = "vault_key", type = "text", default = "s3cret" } },
                    series = { { name = "alice.box", format = "BOX-{seq:3}", reset = "never" } },
                    capabilities = { ledger = { post = { "4900", "1900" } } },
                    """),
            "records/secret.lua": PluginBench.asset("{ \"word\", \"text\", required = true }", name: "alice").replacing("alice.asset", with: "alice.secret").replacing("alice-assets", with: "alice-secrets"),
            "lib/keys.lua": "return { key = \"k\" }",
            "contracts/codes.lua": "return { id = \"alice.codes\", key = \"id\", fields = { { \"id\", \"text\", required = true }, { \"peek\", \"function\", required = true } } }",
            "routes/keep.lua": """
            return { method = "POST", path = "/api/alice/keep", permission = "alice.edit", run = function()
              pcall(rawset, _G, "leak", settings.get("vault_key"))
              local secret = record.create("alice.secret", { word = "swordfish" })
              return { number = sequence.next("alice.box"), id = secret.id }
            end }
            """,
        ])
    }

    private static func mallory(_ attempt: String, capabilities: String = "{}", _ others: [String: String] = [:]) -> [String: [UInt8]] {
        var files = [
            "plugin.lua": PluginBench.manifest("1.0.0", name: "mallory", publisher: "mallory.example", more: "capabilities = \(capabilities),"),
            "routes/try.lua": """
            return { method = "POST", path = "/api/mallory/try", permission = "mallory.edit", run = function()
              \(attempt)
            end }
            """,
        ]
        for (path, text) in others { files[path] = text }
        return PluginBench.files(files)
    }

    private func bench() throws -> PluginBench {
        let bench = try PluginBench()
        try bench.installUnchecked(Self.alice(), key: try SigningKey(rawBytes: [UInt8](repeating: 1, count: 32)))
        #expect(try bench.call(.post, "/api/alice/keep").value["number"] == "BOX-001")
        return bench
    }

    static let attempts: [(lua: String, code: String, names: String)] = [
        ("return { it = record.find(\"alice.secret\", {}) }", "script.capability", "alice.secret"),
        ("return { it = record.get(\"alice.secret\", 1).word }", "script.capability", "alice.secret"),
        ("return { it = #record.list(\"alice.secret\") }", "script.capability", "record.read"),
        ("return { it = record.count(\"alice.secret\", { word = \"swordfish\" }) }", "script.capability", "record.read"),
        ("return { it = record.exists(\"alice.secret\", { word = \"swordfish\" }) }", "script.capability", "record.read"),
        ("record.create(\"alice.secret\", { word = \"mine\" })", "script.capability", "record.write"),
        ("record.update(\"alice.secret\", 1, { word = \"mine\" })", "script.capability", "record.write"),
        ("record.delete(\"alice.secret\", 1)", "script.capability", "record.write"),
        ("return { it = require(\"alice.lib.keys\").key }", "script.error", "alice.lib.keys"),
        ("return { it = settings.get(\"vault_key\") }", "script.argument", "vault_key"),
        ("return { it = settings.get(\"alice.vault_key\") }", "script.argument", "alice.vault_key"),
        ("return { it = sequence.next(\"alice.box\") }", "script.capability", "sequence"),
        ("return { it = sequence.peek(\"alice.box\") }", "script.capability", "sequence"),
        ("ledger.post { lines = { { account = \"4900\", credit = money \"1.00\" }, { account = \"1900\", debit = money \"1.00\" } } }", "script.capability", "ledger.post"),
        ("return { it = ledger.balance(\"4900\") }", "script.capability", "ledger.read"),
        ("return { it = #ledger.entries { account = \"4900\" } }", "script.capability", "ledger.read"),
        ("return { it = #ledger.entries {} }", "script.capability", "ledger.read"),
        ("return { it = #ledger.entries { source = { type = \"alice.secret\", id = 1 } } }", "script.capability", "ledger.read"),
    ]

    @Test(arguments: attempts)
    func `a plugin that was not granted it gets a refusal that names it, and changes nothing`(lua: String, code: String, names: String) throws {
        let bench = try bench()
        try bench.installUnchecked(Self.mallory(lua), key: try SigningKey(rawBytes: [UInt8](repeating: 2, count: 32)))
        let before = try bench.dump()
        let problem = bench.refusal { _ = try bench.call(.post, "/api/mallory/try") }
        #expect(problem?.code == code && problem?.detail.contains(names) == true, "\(lua): \(problem.debugDescription)")
        #expect(try bench.dump() == before)
    }

    @Test func `nothing that one run leaves behind is there for another`() throws {
        let bench = try bench()
        try bench.installUnchecked(Self.mallory("return { it = tostring(rawget(_G, \"leak\")) }"))
        #expect(try bench.call(.post, "/api/mallory/try").value["it"] == "nil")
    }

    @Test func `a rule file that a plugin brings reaches no further than the plugin`() throws {
        let bench = try bench()
        let files = Self.mallory(
            "return { it = rules.get(\"mallory.codes\", \"mine\").peek() }",
            [
                "contracts/codes.lua": "return { id = \"mallory.codes\", key = \"id\", fields = { { \"id\", \"text\", required = true }, { \"peek\", \"function\", required = true } } }",
                "rules/mine.lua": "return { contract = \"mallory.codes\", id = \"mine\", peek = function() return record.count(\"alice.secret\") end }",
            ])
        try bench.installUnchecked(files)
        let problem = bench.refusal { _ = try bench.call(.post, "/api/mallory/try") }
        #expect(problem?.code == "script.capability", "\(problem.debugDescription)")
    }

    @Test func `what is granted works, and no more than that`() throws {
        let bench = try bench()
        let read = "{ record = { read = { \"alice.secret\" } }, sequence = { \"alice.*\" }, ledger = { read = { \"49*\" } } }"
        try bench.installUnchecked(
            Self.mallory("return { it = record.count(\"alice.secret\"), number = sequence.next(\"alice.box\") }", capabilities: read))
        let answer = try bench.call(.post, "/api/mallory/try").value
        #expect(answer["it"] == 1 && answer["number"] == "BOX-002")
        var next = Self.mallory("record.create(\"alice.secret\", { word = \"mine\" })", capabilities: read)
        next["plugin.lua"] = next["plugin.lua"].map { Array(String(decoding: $0, as: UTF8.self).replacing("1.0.0", with: "1.0.1").utf8) }
        try bench.installUnchecked(next)
        #expect(bench.refusal { _ = try bench.call(.post, "/api/mallory/try") }?.code == "script.capability")
    }

    private static func mallory(_ attempt: String, _ others: [String: String]) -> [String: [UInt8]] {
        mallory(attempt, capabilities: "{}", others)
    }
}

/// What a plugin may do on behalf of somebody who may not do it.
@Suite struct ElevationTests {
    private func files(_ elevate: String) -> [String: [UInt8]] {
        PluginBench.files([
            "plugin.lua": PluginBench.manifest(
                "1.0.0", name: "desk", more: "capabilities = { record = { read = { \"rental.asset\" }, write = { \"rental.asset\" } }, elevate = { \(elevate) } },"),
            "routes/count.lua": """
            return { method = "GET", path = "/api/desk/count", permission = "desk.view", run = function() return { it = record.count("rental.asset") } end }
            """,
            "routes/rename.lua": """
            return { method = "POST", path = "/api/desk/rename", permission = "desk.view", run = function()
              return { it = record.update("rental.asset", 1, { label = "renamed" }) }
            end }
            """,
        ])
    }

    private let clerk = Principal(kind: .user, userID: 1, username: "kofi", permissions: ["desk.view"])

    @Test(arguments: [("", 403, 403), ("\"rental.view\"", 200, 403), ("\"rental.view\", \"rental.edit\"", 200, 200)])
    func `another's records take the user's right, or an elevation that was agreed with`(elevate: String, reads: Int, writes: Int) throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        try bench.asset("Ladder")
        try bench.install(files(elevate))
        let read = bench.refusal { _ = try bench.call(.get, "/api/desk/count", as: clerk) }
        let write = bench.refusal { _ = try bench.call(.post, "/api/desk/rename", as: clerk) }
        #expect((read?.status ?? 200) == reads && (write?.status ?? 200) == writes)
        for problem in [read, write].compactMap({ $0 }) { #expect(problem.code == "script.right" && problem.detail.contains("rental.")) }
        #expect(try bench.call(.get, "/api/desk/count").value["it"] == 1)
    }
}
