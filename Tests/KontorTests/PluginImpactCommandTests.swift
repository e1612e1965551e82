import Core
import Testing

@testable import kontor

/// What an author asks before a version goes out, from the command line.
@Suite struct PluginImpactCommandTests {
    private func kontor(_ words: [String], data: TemporaryFolder) throws -> (output: String, status: Int32) {
        try Child.run("/bin/sh", ["-c", "exec \"$@\" 2>&1", "sh", Kontor.binary] + words + ["--data", data.path, "--home", Kontor.home])
    }

    @Test func `a changed price in the till's own code is told in money by the sales of the day`() throws {
        let data = try Kontor.demoData()
        let place = try TemporaryFolder()
        let server = try RunningServer(data.path)
        let cashier = try server.caller(user: "cashier")
        let sale = try cashier.ask("POST", "/api/sales", firstSale)
        try #require(sale.status == 201, "\(sale.body)")
        let total = try #require(sale["total"]?.int), tax = try #require(sale["tax_amount"]?.int)
        // The program's own plugin, in a folder that nobody signed.
        let folder = place.path + "/pos"
        #expect(try Child.run("/bin/cp", ["-a", Kontor.home + "/Plugins/pos", folder]).status == 0)
        let manifest = try Files.text(folder + "/plugin.lua")
        try Files.writeAtomically(folder + "/plugin.lua", manifest.replacing("version = \"1.0.0\"", with: "version = \"1.1.0\""))
        let impact = ["plugin", "impact", folder, "--tenant", "acme.localhost"]
        let same = try kontor(impact, data: data)
        #expect(same.status == 0 && same.output.contains("requests replayed, 0 differ, 0.00 GHS"), "\(same.output)")
        let code = try Files.text(folder + "/lib/sales.lua")
        let line = "  local taxed = tax.calculate { date = business_date, branch = place.id, lines = lines }\n"
        try #require(code.contains(line))
        try Files.writeAtomically(folder + "/lib/sales.lua", code.replacing(line, with: line + "  taxed.total = taxed.total - taxed.tax\n  taxed.tax = money \"0.00\"\n  taxed.taxes = {}\n"))
        let free = try kontor(impact, data: data)
        #expect(free.status == 0 && free.output.contains("requests replayed, 1 differ, -\(amount(tax))"), "\(free.output)")
        #expect(free.output.contains("total: \(amount(total)), then \(amount(total - tax))"), "\(free.output)")
        #expect(free.output.contains("POST /api/sales: 1 of 1, -\(amount(tax))"), "\(free.output)")
        #expect(free.output.contains("account "), "\(free.output)")
        let told = try JSON.parse(Array(try kontor(impact + ["--json"], data: data).output.utf8), limits: .answer)
        #expect(told["effect"] == .int(-tax) && told["differ"] == 1)
        // Nothing was sold by it.
        #expect(try server.caller().get("/api/sales/\((sale["id"]?.int ?? 0) + 1)").status == 404)
        #expect(try kontor(["plugin", "install", folder, "--tenant", "acme.localhost"], data: data).status != 0)
        #expect(server.child.stop() == 0)
    }

    private func amount(_ minor: Int64) -> String { (try? Money(minor: minor, Currency("GHS")).description) ?? "" }

    @Test func `tests tell all failures with their places, and others in hand may be needed`() throws {
        let data = try Kontor.demoData()
        let place = try TemporaryFolder()
        func write(_ name: String, _ files: [String: String]) throws -> String {
            let folder = "\(place.path)/\(name)"
            try Files.createDirectory(folder)
            for (path, text) in files {
                if path.contains("/") { try Files.createDirectory("\(folder)/\(path.split(separator: "/")[0])") }
                try Files.writeAtomically("\(folder)/\(path)", Array(text.utf8))
            }
            return folder
        }
        let base = try write("base", [
            "plugin.lua": "return { name = \"base\", version = \"2.0.0\", title = \"Base\", publisher = \"base.example\", license = \"MIT\", api = \"2026.1\" }",
            "lib/word.lua": "return { word = \"yes\" }",
        ])
        let more = try write("more", [
            "plugin.lua": """
                return { name = "more", version = "1.0.0", title = "More", publisher = "kontor", license = "MIT", api = "2026.1",
                  depends = { base = "^2.0" }, permissions = { { "more.do", title = "Do" } } }
                """,
            "routes/word.lua": """
                local words = require "base.lib.word"
                return { method = "GET", path = "/api/word", permission = "more.do", output = { { "word", "text" } }, run = function() return words end }
                """,
            "tests/word_test.lua": """
                it("says yes", function() expect(call("GET", "/api/word").body.word):equals("yes") end)
                it("says no", function()
                  expect(call("GET", "/api/word").body.word):equals("no")
                end)
                it("says perhaps", function()
                  expect(call("GET", "/api/word").body.word):equals("perhaps")
                end)
                """,
        ])
        let tenant = ["--tenant", "acme.localhost"]
        let lacking = try kontor(["plugin", "test", more] + tenant, data: data)
        #expect(lacking.status == 1 && lacking.output.contains("base"), "\(lacking.output)")
        let tested = try kontor(["plugin", "test", more, "--with", base] + tenant, data: data)
        #expect(tested.status == 1 && tested.output.contains("ok  says yes"), "\(tested.output)")
        #expect(tested.output.contains("\(more)/tests/word_test.lua:3:3: says no:"), "\(tested.output)")
        #expect(tested.output.contains("\(more)/tests/word_test.lua:6:3: says perhaps:"), "\(tested.output)")
        #expect(tested.output.contains("2 of 3 tests failed on a copy"), "\(tested.output)")
        #expect(try kontor(["plugin", "check", more], data: data).status == 1)
        for words in [["--with", base], ["--with", base] + tenant] {
            let checked = try kontor(["plugin", "check", more] + words, data: data)
            #expect(checked.status == 0, "\(checked.output)")
        }
        // What the business has itself counts too.
        #expect(try kontor(["plugin", "key", "new", "base.example", "--out", place.path + "/key"], data: data).status == 0)
        #expect(try kontor(["plugin", "pack", base, "--key", place.path + "/key", "--out", place.path + "/base.kontor"], data: data).status == 0)
        #expect(try kontor(["plugin", "check", more, "--with", place.path + "/base.kontor"], data: data).status == 0)
        #expect(try kontor(["plugin", "install", place.path + "/base.kontor", "--yes"] + tenant, data: data).status == 0)
        #expect(try kontor(["plugin", "check", more] + tenant, data: data).status == 0)
        #expect(try kontor(["plugin", "check", more], data: data).status == 1)
        // All that is wrong is told at once.
        try Files.writeAtomically("\(more)/lib.lua", Array("return nonsense_one, nonsense_two\n".utf8))
        let wrong = try kontor(["plugin", "test", more] + tenant, data: data)
        #expect(wrong.status == 1 && wrong.output.contains("nonsense_one") && wrong.output.contains("nonsense_two"), "\(wrong.output)")
    }
}
