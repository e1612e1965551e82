import Core
import Platform
import Storage
import Testing

/// What does not fit together is refused at install, and nothing of it stays.
@Suite struct PluginCheckTests {
    static let wrong: [(name: String, files: [String: String], place: String)] = [
        (
            "a hook on a record type that is not there",
            ["hooks/h.lua": #"return { id = "h", on = "catalog.nothing", phase = "before_save", run = function() end }"#], "on"
        ),
        (
            "a hook on a record type that it may not read",
            ["hooks/h.lua": #"return { id = "h", on = "catalog.customer", phase = "before_save", run = function() end }"#], "on"
        ),
        (
            "a route with a permission that nobody declares",
            ["routes/r.lua": #"return { method = "GET", path = "/api/odd", permission = "odd.nothing", run = function() end }"#], "permission"
        ),
        (
            "a record type with a permission that nobody declares",
            ["records/r.lua": #"return { type = "odd.thing", path = "odd-things", permissions = { read = "odd.nothing" }, fields = { { "a", "text" } } }"#],
            "permissions.read"
        ),
        (
            "a role with a permission that nobody declares",
            ["plugin.lua": #"return { name = "odd", version = "1.0.0", roles = { manager = { "odd.nothing" } } }"#], "roles.manager[1]"
        ),
    ]

    @Test(arguments: wrong.indices) func `names that there are not are refused`(_ index: Int) throws {
        let one = Self.wrong[index]
        let shop = try Shop()
        let problem = try shop.refuses("script.contract", field: one.place) { try shop.install("odd", one.files) }
        #expect(problem?.extra.contains { $0.0 == "file" } == true, "\(one.name)")
    }

    @Test func `a path's parameters that are not declared are text`() throws {
        let shop = try Shop()
        try shop.install(
            "odd",
            [
                "routes/r.lua": #"""
                    return { method = "GET", path = "/api/odd/{word}", permission = "odd.see", output = { { "word", "text" } },
                      run = function(req) return { word = req.params.word .. "!" } end }
                    """#
            ])
        #expect(try shop.get("/api/odd/hello")["word"] == "hello!")
    }

    @Test func `what scripts log reaches the log with tenant, plugin and run`() throws {
        let shop = try Shop()
        let lines = Kept<ScriptLog.Line>()
        shop.house.instance.scriptLog.connect { lines.add($0) }
        try shop.install(
            "odd",
            [
                "routes/r.lua": #"""
                    return { method = "POST", path = "/api/odd", permission = "odd.see", input = { { "fail", "boolean" } }, run = function(req)
                      log.warn("careful", { left = 3 })
                      if req.body.fail then error("no") end
                    end }
                    """#
            ])
        _ = try shop.call(.post, "/api/odd")
        #expect(code { try shop.call(.post, "/api/odd", ["fail": true]) } == "script.error")
        let found = lines.all
        #expect(found.count == 2)
        for line in found {
            #expect(line.level == "warn" && line.message == "careful" && line.fields["left"] == 3)
            #expect(line.plugin == "odd" && line.run == "r1" && line.tenantID == shop.tenant.id)
        }
    }
}

/// Two profiles for one country: somebody has to say which one serves.
@Suite struct TaxProfileChoiceTests {
    static let path = "Rules/tax/gh-flat.lua"
    static let flat = """
        return {
          contract = "tax", id = "gh.flat", title = "Flat rate", country = "GH", prices = "exclusive",
          components = { { "VAT", rate = "0.03", base = { "net" }, account = "2100" } },
          taxed = { "standard" }, classify = function(line) return line.product.tax_category end,
        }
        """

    private func set(_ shop: Shop, _ scope: Settings.Scope, _ value: Value?) throws {
        let actor = shop.house.actor
        try shop.tenant.store.write { db in try Settings.set(db, actor, scope, "tax_profile", value) }
    }

    private func publish(_ shop: Shop) throws -> Reply {
        _ = try shop.call(.put, "/api/scripts/\(Self.path)/draft", ["source": .string(Self.flat), "message": "test"])
        return try shop.call(.post, "/api/scripts/\(Self.path)/publish")
    }

    @Test func `a second profile is refused until one is chosen`() throws {
        let shop = try Shop()
        _ = try shop.call(.put, "/api/scripts/\(Self.path)/draft", ["source": .string(Self.flat), "message": "test"])
        try shop.refuses("script.contract", field: "country") { try shop.call(.post, "/api/scripts/\(Self.path)/publish") }
        #expect(Shop.value(try shop.call(.post, "/api/scripts/\(Self.path)/check"))["ok"] == false)
        try set(shop, .tenant, "gh.nothing")
        try shop.refuses("script.contract", field: "country") { try shop.call(.post, "/api/scripts/\(Self.path)/publish") }
        try set(shop, .tenant, "gh.standard")
        _ = try publish(shop)
        #expect(JSON.text(try shop.sell(Shop.sale)["tax_amount"]) == "2250")
    }

    @Test func `a branch may have another profile than its tenant`() throws {
        let shop = try Shop()
        try set(shop, .tenant, "gh.standard")
        _ = try publish(shop)
        try set(shop, .branch(1), "gh.flat")
        #expect(JSON.text(try shop.sell(Shop.sale)["tax_amount"]) == "338")
        try set(shop, .branch(1), "gh.nothing")
        try shop.refuses("tax.profile_unknown") { try shop.sell(Shop.sale) }
        try set(shop, .branch(1), nil)
        try set(shop, .tenant, nil)
        try shop.refuses("tax.profile_ambiguous") { try shop.sell(Shop.sale) }
    }
}
