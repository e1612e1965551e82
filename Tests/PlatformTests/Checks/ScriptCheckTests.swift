import Core
import Platform
import Scripting
import Testing

/// The checker against files that are wrong in one way each, and against all that ships.
@Suite struct ScriptCheckTests {
    // MARK: Rule files

    private static let contracts: [String: Contract] = {
        let fields = [
            ("id", FieldDeclaration.Kind.text), ("rate", .decimal), ("share", .percent), ("fee", .money), ("late", .function),
        ].map { name, kind in
            var field = FieldDeclaration(name: name, kind: kind)
            field.required = name == "id"
            field.orFunction = name == "fee"
            if kind == .percent { field.maximum = Decimal(100) }
            return field
        }
        return ["test": Contract(id: "test", title: "Test", key: "id", fallback: nil, fields: fields)]
    }()

    private func check(_ body: String) -> [Finding] {
        ScriptCheck.ruleFile("Rules/test/a.lua", source: Array(body.utf8), contracts: Self.contracts)
    }

    private func run(_ line: String) -> [Finding] {
        check("return {\n  contract = \"test\", id = \"a\",\n  late = function(case)\n    \(line)\n  end,\n}")
    }

    @Test func `a file in order has no findings`() {
        #expect(run("return case.total:mul(decimal.new(\"0.1\"), \"half_up\")") == [])
    }

    @Test(arguments: [
        ("return recrd", "check.undeclared_global", 4, 12, "did you mean record?"),
        ("total = case", "check.global_write", 4, 5, "write local total"),
        ("record = case", "check.global_write", 4, 5, "write local record"),
        ("return record.fnd(\"x\", case)", "check.unknown_function", 4, 19, "did you mean record.find?"),
        ("return money.prase(case)", "check.unknown_function", 4, 18, "did you mean money.parse?"),
        ("return tenant.curency, case", "check.unknown_function", 4, 19, "did you mean tenant.currency?"),
        ("return string.fromat(\"%d\", case)", "check.unknown_function", 4, 19, "did you mean string.format?"),
        ("return record:find(case)", "check.call", 4, 12, "write record.find(…)"),
        ("record.create(\"a.b\", case)", "check.phase", 4, 5, "allowed: before_save, after_save"),
        ("local make = record.create; make(\"a.b\", case)", "check.phase", 4, 33, "allowed:"),
        ("local r = record; return r.delete(\"a.b\", case)", "check.phase", 4, 30, "allowed:"),
        ("return date.add(case)", "check.arguments", 4, 12, "date.add(date, span)"),
        ("return date.today(case, 1)", "check.arguments", 4, 12, "date.today()"),
        ("return date.add(1, case)", "check.arguments", 4, 21, "date.add(date, span)"),
        ("return money(0.1), case", "check.float", 4, 18, "write \"0.1\""),
        ("return money.of(-0.5), case", "check.float", 4, 21, "write decimal.new(\"0.5\")"),
        ("return decimal.new(1.5), case", "check.float", 4, 24, "write \"1.5\""),
        ("return case.total:mul(0.15)", "check.float", 4, 27, "write decimal.new(\"0.15\")"),
        ("return require(\"pos.lib.sales\"), case", "check.require", 4, 12, "rules.get"),
    ])
    func `a fault is told with its place and what to do`(line: String, code: String, row: Int, column: Int, hint: String) throws {
        let findings = run(line)
        let finding = try #require(findings.first { $0.code == code }, "\(findings.map(\.text))")
        #expect(finding.severity == .error)
        #expect([finding.line, finding.column] == [row, column], "\(finding.text)")
        #expect(finding.hint?.contains(hint) == true, "\(finding.text)")
        #expect(findings.filter { $0.severity == .error }.count == 1, "\(findings.map(\.text))")
    }

    @Test func `floats in arithmetic and unused names are warnings`() {
        let findings = run("local unused = 1; return case * 0.5")
        #expect(findings.map(\.code) == ["check.unused", "check.float"])
        #expect(findings.allSatisfy { $0.severity == .warning })
        #expect(!findings.hasErrors)
    }

    @Test func `what runs while the file loads may not ask the kernel`() {
        let findings = check("local today = date.today()\nreturn { contract = \"test\", id = today }")
        #expect(findings.contains { $0.code == "check.loading" && $0.line == 1 && $0.column == 15 })
    }

    @Test func `syntax errors have a column`() {
        let findings = check("return {\n  id = \"a\"\n  rate = \"1\" }")
        #expect(findings.map(\.code) == ["script.compile"])
        #expect([findings.first?.line, findings.first?.column] == [3, 3])
    }

    @Test func `all faults of a contract are told, each at its place`() {
        let findings = check("""
            return {
              contract = "test", id = "a",
              rate = 0.15,
              share = "140", fee = 1.5,
              lat = function() end,
            }
            """)
        #expect(findings.map(\.field) == ["rate", "share", "fee", "lat"])
        #expect(findings.map(\.line) == [3, 4, 4, 5])
        #expect(findings.map(\.column) == [3, 3, 18, 3])
        #expect(findings.allSatisfy { $0.code == "script.contract" })
    }

    @Test func `the contract's own check speaks of the fields together`() throws {
        let source = """
            return { id = "deposit", key = "id", fields = { { "id", "text" }, { "least", "integer" }, { "most", "integer" } },
              check = function(rules) if rules.least > rules.most then return { { field = "least", message = "is above most" } } end return {} end }
            """
        let chunk = try CompiledChunk(source, name: "x/contracts/deposit.lua")
        let program = Program(base: HostAPI.base, chunk)
        let contract = try Contract(try program.describe(), file: chunk.name, program: program)
        let findings = ScriptCheck.ruleFile(
            "Rules/x.lua", source: Array("return { contract = \"deposit\", id = \"a\",\n  least = 5, most = 3 }".utf8), contracts: ["deposit": contract])
        #expect(findings.map(\.text) == ["Rules/x.lua:2:3: error: “least” is above most"])
        #expect(ScriptCheck.ruleFile("Rules/x.lua", source: Array("return { contract = \"deposit\", id = \"a\", least = 1, most = 3 }".utf8), contracts: ["deposit": contract]) == [])
    }

    // MARK: Plugins

    private static let manifest = """
        return { name = "shop", version = "1.0.0", capabilities = { record = { read = { "catalog.customer" } } },
          depends = { catalog = "^1.0" }, permissions = { { "shop.use", title = "Use" } } }
        """

    private static let catalog: [PluginPackage] = {
        let shipped = Shipped(home: Shop.home)
        var packages: [PluginPackage] = []
        for name in ["accounting", "catalog"] {
            guard let files = try? shipped.plugin(name), let package = try? PluginPackage(files: files, dependencies: packages) else { return [] }
            packages.append(package)
        }
        return packages
    }()

    private func plugin(_ files: [String: String]) -> [Finding] {
        var all = files.mapValues { Array($0.utf8) }
        if all["plugin.lua"] == nil { all["plugin.lua"] = Array(Self.manifest.utf8) }
        return ScriptCheck.plugin(all, dependencies: Self.catalog)
    }

    private func hook(_ phase: String, _ body: String, lib: String = "return {}") -> [Finding] {
        plugin([
            "hooks/h.lua": "local lib = require \"shop.lib.a\"\nreturn { id = \"h\", on = \"catalog.customer\", phase = \"\(phase)\",\n  run = function(doc)\n    \(body)\n  end }",
            "lib/a.lua": lib,
        ])
    }

    @Test func `a call is followed through locals and modules to where its phase forbids it`() throws {
        let lib = "local M = {}\nlocal function write(id) sequence.next(\"x\", id) end\nfunction M.mark(id)\n  write(id)\nend\nreturn M"
        let findings = hook("validate", "lib.mark(doc.id)", lib: lib)
        let finding = try #require(findings.first)
        #expect(finding.text == "shop/lib/a.lua:2:26: error: sequence.next is not allowed in phase “validate” (a hook, reached from shop/hooks/h.lua) (allowed: before_save, after_save, before_delete, before_post, before_void, route, job, after_commit, after_post, after_void, install, upgrade)"
            || finding.text.hasPrefix("shop/lib/a.lua:2:26: error: sequence.next is not allowed in phase “validate” (a hook, reached from shop/hooks/h.lua)"))
        #expect(findings.count == 1)
        #expect(hook("before_save", "lib.mark(doc.id)", lib: lib) == [])
    }

    @Test func `a module's function that nobody reaches is not blamed`() {
        let lib = "local M = {}\nfunction M.mark(id) sequence.next(\"x\", id) end\nfunction M.look(id) return id end\nreturn M"
        #expect(hook("validate", "lib.look(doc.id)", lib: lib) == [])
    }

    @Test(arguments: [
        ("record.update(\"catalog.customer\", doc.id, { name = lib.x })", "check.capability", "name it in capabilities.record.write"),
        ("return record.find(\"catalog.product\", { id = doc.id, x = lib.x })", "check.capability", "name it in capabilities.record.read"),
        ("return record.find(\"catalog.custmer\", { id = doc.id, x = lib.x })", "check.record_type", "did you mean catalog.customer?"),
        ("ledger.post { lines = { doc, lib.x } }", "check.capability", "name it in capabilities"),
    ])
    func `what the plugin did not ask for is told`(line: String, code: String, hint: String) throws {
        let findings = hook("before_save", line)
        let finding = try #require(findings.first { $0.code == code }, "\(findings.map(\.text))")
        #expect(finding.hint?.contains(hint) == true, "\(finding.text)")
        #expect(finding.line == 4)
    }

    @Test func `reading what was asked for is in order`() {
        #expect(hook("validate", "return record.find(\"catalog.customer\", { id = doc.id, x = lib.x })") == [])
    }

    @Test func `a GET route only reads`() throws {
        let route = "return { method = \"GET\", path = \"/api/shop\", permission = \"shop.use\", run = function(_req) sequence.next(\"x\") end }"
        let findings = plugin(["routes/r.lua": route])
        #expect(findings.map(\.code) == ["check.phase"])
        #expect(plugin(["routes/r.lua": route.replacing("GET", with: "POST")]) == [])
    }

    @Test func `modules are looked for among one's own and those of dependencies`() {
        let findings = plugin(["lib/a.lua": "local s = require \"catalog.lib.stok\"\nlocal t = require \"catalog.lib.stock\"\nlocal p = require \"pos.lib.sales\"\nreturn { s, t, p }"])
        #expect(findings.filter { $0.code == "check.require" }.map(\.line) == [1, 3])
        #expect(findings.first?.hint == "did you mean catalog.lib.stock?")
    }

    @Test func `faults of several files come together`() {
        let findings = plugin([
            "records/a.lua": "return { type = \"shop.a\", fields = { { \"name\", \"txt\" } }, permissions = { read = \"shop.use\" } }",
            "routes/r.lua": "return { method = \"GET\", path = \"/x\", permission = \"shop.use\", run = function() end }",
            "hooks/h.lua": "return { id = \"h\", on = \"plugin\", phase = \"never\", run = function() end }",
            "lib/broken.lua": "return {",
        ])
        #expect(findings.map(\.file) == ["shop/lib/broken.lua"])
        let more = plugin([
            "records/a.lua": "return { type = \"shop.a\",\n fields = {\n  { \"name\", \"txt\" } }, permissions = { read = \"shop.use\" } }",
            "routes/r.lua": "return { method = \"GET\",\n path = \"/x\", permission = \"shop.use\", run = function() end }",
            "hooks/h.lua": "return { id = \"h\", on = \"plugin\",\n phase = \"never\", run = function() end }",
        ])
        #expect(more.map(\.file) == ["shop/hooks/h.lua", "shop/records/a.lua", "shop/routes/r.lua"], "\(more.map(\.text))")
        #expect(more.map(\.line) == [2, 3, 2])
    }

    @Test func `all that ships is in order`() throws {
        let shipped = Shipped(home: Shop.home)
        var packages: [PluginPackage] = []
        for name in ["accounting", "catalog", "pos", "layby"] {
            let files = try shipped.plugin(name)
            let findings = ScriptCheck.plugin(files, dependencies: packages)
            #expect(findings == [], "\(findings.map(\.text).joined(separator: "\n"))")
            packages.append(try PluginPackage(files: files, dependencies: packages))
        }
        let contracts = try InstalledPlugins(packages).contracts
        for (path, source) in try shipped.rules() {
            let findings = ScriptCheck.ruleFile(path, source: source, contracts: contracts)
            #expect(findings == [], "\(findings.map(\.text).joined(separator: "\n"))")
        }
    }

    // MARK: In use

    @Test func `a draft that loads but cannot run is not published`() throws {
        let shop = try Shop()
        let path = "Rules/posting/standard.lua"
        let source = try shop.call(.get, "/api/scripts/\(path)").json["source"]?.string ?? ""
        let wrong = source.replacing("local lines = {}", with: "local lines = {}\n    record.delete(\"pos.sale\", 1)")
        _ = try shop.call(.put, "/api/scripts/\(path)/draft", ["source": .string(wrong)])
        let answer = try shop.call(.post, "/api/scripts/\(path)/check").json
        #expect(answer["ok"] == false)
        #expect(answer["findings"]?.array?.first?["code"] == "check.phase")
        #expect(code { try shop.call(.post, "/api/scripts/\(path)/publish") } == "check.phase")
        #expect(try shop.call(.get, "/api/scripts/\(path)").json["version"] == 1)
        _ = try shop.sell(Shop.sale)
    }
}
