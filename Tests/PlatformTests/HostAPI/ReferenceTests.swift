import Core
import Platform
import Scripting
import Testing

/// The reference says what is: its page is current, each of its examples runs, and every name in it is there.
@Suite struct ReferenceTests {
    private static let home = Shop.home

    @Test func `the page is the table's`() throws {
        // kontor lua reference > Plugins/REFERENCE.md
        let page = try Files.text("\(Self.home)/Plugins/REFERENCE.md")
        #expect(page == HostReference.page, "print it anew with kontor lua reference")
    }

    @Test func `every example runs as it stands`() throws {
        let shop = try Shop()
        var files: [String: String] = [
            "plugin.lua": """
                return { name = "docs", version = "1.0.0", depends = { pos = "^1.0", catalog = "^1.0", accounting = "^1.0" },
                  capabilities = { record = { write = { "catalog.product", "catalog.customer" } }, ledger = { post = { "*" } }, sequence = { "pos.sale" },
                    http = { "GET https://api.example.com/*", "POST https://api.example.com/*" }, secret = { "api_token" } },
                  settings = { { key = "greeting", type = "text", default = "Hello" } },
                  permissions = { { "docs.run", title = "Run" } } }
                """,
            "jobs/nightly.lua": "return { id = \"nightly\", run = function() end }",
        ]
        var paths: [(name: String, path: String)] = []
        for (index, entry) in HostReference.entries.enumerated() {
            if entry.qualifiedName == "ledger.begin" {
                files["hooks/begin.lua"] = "return { id = \"begin\", on = \"plugin\", phase = \"install\", run = function()\n\(entry.example)\nend }"
                continue
            }
            // What is for jobs only is checked here, and runs in the tests of jobs; so is what needs a secret or the network.
            if let phase = [Phase.job, .fetch].first(where: { entry.phases.allows($0) && !entry.phases.allows(.route) }) {
                let function = phase == .fetch ? "run = function() end, fetch" : "run"
                files["jobs/example_\(index).lua"] = """
                    return { id = "example_\(index)", \(function) = function()
                    \(entry.example)
                    end }
                    """
                continue
            }
            files["routes/example_\(index).lua"] = """
                return { method = "POST", path = "/api/docs/\(index)", permission = "docs.run", run = function()
                \(entry.example)
                end }
                """
            if entry.qualifiedName != "secret.sign" { paths.append((entry.qualifiedName, "/api/docs/\(index)")) }
        }
        let findings = ScriptCheck.plugin(files.mapValues { Array($0.utf8) }, dependencies: try #require(shop.tenant.revisionSlot.current).plugins.packages)
        #expect(!findings.hasErrors, "\(findings.filter { $0.severity == .error }.map(\.text))")
        try shop.install("docs", files)
        for (name, path) in paths {
            do {
                _ = try shop.call(.post, path)
            } catch {
                Issue.record("\(name): \(error)")
            }
        }
        #expect(paths.count > 60)
    }

    @Test func `every host function that scripts see by its own name is told, and no other`() {
        let told = Set(HostReference.entries.filter { $0.kind == .function }.map(\.qualifiedName))
        for entry in HostReference.entries { #expect(!entry.example.isEmpty && !entry.summary.isEmpty, "\(entry.qualifiedName)") }
        for name in ["record.find", "ledger.post", "sequence.next", "tax.calculate", "rules.get", "date.today", "money.of", "settings.get", "log.info"] {
            #expect(told.contains(name))
        }
        let misspelt = HostReference.entries.filter { entry in
            entry.kind == .function && !ScriptCheck.isThere(entry.qualifiedName)
        }
        #expect(misspelt.isEmpty, "\(misspelt.map(\.qualifiedName))")
    }

    @Test func `luacheck knows all names that scripts have`() throws {
        let text = try Files.text("\(Self.home)/.luacheckrc")
        for name in ScriptCheck.globals { #expect(text.contains("\"\(name)\""), "\(name) is not in .luacheckrc") }
    }

    @Test func `annotations tell the host API and the record types`() throws {
        let shop = try Shop()
        let reply = try shop.call(.get, "/api/lua/stubs")
        guard case .bytes(let bytes, _) = reply.body else { throw Problem(500, "test", "no text") }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("---@class catalog.product: Record"))
        #expect(text.contains("---@field price money"))
        #expect(text.contains("function record.find(type, filter) end"))
        // It is Lua.
        _ = try CompiledChunk(text.replacing("---@meta", with: ""), name: "stubs")
    }

    @Test func `the console's doings are undone`() throws {
        let shop = try Shop()
        func ask(_ source: String) throws -> Value { try shop.call(.post, "/api/lua", ["source": .string(source)]).value }
        #expect(try ask("1 + 1")["result"] == 2)
        let before = try ask("record.count(\"catalog.customer\", {})")["result"]
        #expect(try ask("local c = record.create(\"catalog.customer\", { name = \"Ama\" }); return record.count(\"catalog.customer\", {})")["result"] != before)
        #expect(try ask("record.count(\"catalog.customer\", {})")["result"] == before)
        #expect(try ask("log.info(\"seen\")")["log"]?.array == ["info: seen"])
        #expect(code { try ask("return +") } == "script.compile")
        #expect(code { try ask("error(\"no\")") } == "script.error")
        #expect(code { try shop.call(.post, "/api/lua", ["source": "1"], as: shop.cashier) } != nil)
    }
}
