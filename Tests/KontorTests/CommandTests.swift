import Core
import Glibc
import Testing

@testable import kontor

/// The command line, while a server runs and while none does.
@Suite struct CommandTests {
    @Test func `a verb asks the running server, and does it itself when there is none`() throws {
        let data = try Kontor.demoData()
        let alone = try Kontor.json("user", "list", "--tenant", "acme.localhost", data: data.path)
        let server = try RunningServer(data.path)
        let served = try Kontor.json("user", "list", "--tenant", "acme.localhost", data: data.path)
        #expect(alone == served)
        #expect(alone["items"]?.array?.count == 4)

        // What the command line does is there for the server at once.
        let made = try Kontor.json(
            "token", "create", "cashier", "--tenant", "acme.localhost", "--requests-per-minute", "1000", "--days", "1", data: data.path)
        let token = try #require(made["token"]?.string)
        let domain = try server.demo.tenant("acme").domain
        #expect(try Caller(port: server.port, host: domain, token: token).ask("POST", "/api/sales", firstSale).status == 201)
        let id = try #require(made["id"]?.int)
        #expect(try Kontor.run("token", "revoke", String(id), "--tenant", "acme.localhost", data: data.path).status == 0)
        #expect(try Caller(port: server.port, host: domain, token: token).get("/api/session").status == 401)
        #expect(server.child.stop() == 0)
        #expect(try Kontor.json("ledger", "verify", data: data.path)["ok"] == true)
    }

    @Test func `a second server on the same data is refused and harms nothing`() throws {
        let data = try Kontor.demoData()
        let server = try RunningServer(data.path)
        let second = try Kontor.run("serve", "--port", "0", data: data.path)
        #expect(second.status == 69)
        #expect(try server.caller(user: "cashier").ask("POST", "/api/sales", firstSale).status == 201)
        #expect(server.child.stop() == 0)
    }

    @Test func `SIGTERM under load ends in time, and what was answered is there`() throws {
        let data = try Kontor.demoData()
        let server = try RunningServer(data.path)
        let caller = try server.caller(user: "cashier")
        var last: Int64 = 0
        for _ in 0..<20 { last = try #require(try caller.ask("POST", "/api/sales", firstSale)["id"]?.int) }
        // A connection that says nothing must not hold it.
        let idle = server.anonymous(host: "acme.localhost")
        #expect(try idle.get("/api/health").status == 200)
        let begun = monotonicNanoseconds()
        #expect(server.child.stop() == 0)
        #expect(monotonicNanoseconds() - begun < 5_500_000_000)
        let again = try RunningServer(data.path)
        #expect(try again.caller().get("/api/sales/\(last)").status == 200)
    }

    private static let exits: [(words: [String], status: Int32)] = [
        (["nonsense"], 64), (["tenant", "nonsense"], 64), (["serve", "--nonsense"], 64), (["serve", "--port"], 64),
        (["serve", "--port", "99999"], 64), (["serve", "--listen", "0.0.0.0"], 64), (["tenant", "list", "--data", "/nonexistent"], 1),
        (["help"], 0), (["version"], 0), (["serve", "--help"], 0), (["tenant", "--help"], 0), (["ledger", "export", "--help"], 0),
    ]

    @Test(arguments: exits)
    func `exit codes are honest`(words: [String], status: Int32) throws {
        #expect(try Child.run(Kontor.binary, words).status == status)
    }

    @Test func `every verb has help that names its options`() throws {
        for verb in Tool.verbs {
            let (output, status) = try Child.run(Kontor.binary, verb.path + ["--help"])
            #expect(status == 0 && output.contains("Usage: kontor \(verb.name)"))
            for option in verb.options { #expect(output.contains("--\(option.name)")) }
        }
    }

    @Test func `a backup is restored into a new business and over an old one`() throws {
        let data = try Kontor.demoData()
        let server = try RunningServer(data.path)
        let cashier = try server.caller(user: "cashier")
        let first = try #require(try cashier.ask("POST", "/api/sales", firstSale)["id"]?.int)
        let made = try Kontor.json("backup", "acme.localhost", data: data.path)
        let backup = try #require(made["items"]?.array?.first)
        #expect(backup["verified_at"]?.string != nil)
        let second = try #require(try cashier.ask("POST", "/api/sales", firstSale)["id"]?.int)

        // Into a new business: the first sale is there, the second is not, and the token of the old one opens nothing.
        let id = String(try #require(backup["id"]?.int))
        _ = try Kontor.json("restore", id, "--as", "copy.localhost", "--name", "ACME, the copy", data: data.path)
        let list = try Kontor.json("tenant", "list", data: data.path)
        #expect(list["items"]?.array?.count == 3)
        #expect(try Kontor.json("ledger", "verify", "--tenant", "copy.localhost", data: data.path)["ok"] == true)

        // Over the old one: it is as it was.
        #expect(try cashier.get("/api/sales/\(second)").status == 200)
        _ = try Kontor.json("restore", id, "--over", "acme.localhost", data: data.path)
        #expect(try server.caller(user: "cashier").get("/api/sales/\(first)").status == 200)
        #expect(try server.caller(user: "cashier").get("/api/sales/\(second)").status == 404)
        #expect(try server.caller(user: "cashier").ask("POST", "/api/sales", firstSale).status == 201)
        #expect(try Kontor.json("ledger", "verify", data: data.path)["ok"] == true)
        // The former file is kept.
        let tenant = try server.demo.tenant("acme").id
        #expect(try Files.list("\(data.path)/tenants/\(tenant)").contains { $0.contains("before-restore") })
        #expect(server.child.stop() == 0)
    }

    @Test func `rules live in a folder: pull, edit, push, publish, roll back`() throws {
        let data = try Kontor.demoData()
        let folder = try TemporaryFolder()
        let tenant = ["--tenant", "acme.localhost"]
        func rules(_ words: String...) throws -> (output: String, status: Int32) {
            try Child.run(Kontor.binary, ["rules"] + words + tenant + ["--data", data.path, "--home", Kontor.home])
        }
        #expect(try rules("pull", folder.path).status == 0)
        let file = folder.path + "/Rules/tax/gh-standard.lua"
        let source = try Files.text(file)
        #expect(try rules("push", folder.path).output.contains("0 pushed"))

        // A mistake is refused with file and line, and nothing is published.
        try Files.writeAtomically(file, Array((source + "\nreturn {").utf8))
        let wrong = try rules("push", folder.path, "--publish")
        #expect(wrong.status == 1 && wrong.output.contains("gh-standard.lua:"), "\(wrong.output)")

        try Files.writeAtomically(file, Array(DemoTests.raisingVAT(source).utf8))
        let right = try rules("push", folder.path, "--publish", "--message", "VAT of 20 %")
        #expect(right.status == 0 && right.output.contains("1 published"), "\(right.output)")
        let server = try RunningServer(data.path)
        let cashier = try server.caller(user: "cashier")
        let raised = try #require(try cashier.ask("POST", "/api/sales", firstSale)["tax_amount"]?.int)
        #expect(try rules("rollback", "Rules/tax/gh-standard.lua", "1").status == 0)
        let usual = try #require(try cashier.ask("POST", "/api/sales", firstSale)["tax_amount"]?.int)
        #expect(raised > usual)
        #expect(server.child.stop() == 0)
    }

    @Test func `the doctor finds a demo in good health`() throws {
        let data = try Kontor.demoData()
        let report = try Kontor.json("doctor", data: data.path)
        #expect(report["ok"] == true)
        _ = chmod(data.path, 0o755)
        #expect(try Kontor.run("doctor", data: data.path).status == 1)
        _ = chmod(data.path, 0o700)

        // The log, the alerts, the copies: each told by itself.
        func finding(_ what: String) throws -> Value {
            let (output, _) = try Child.run(Kontor.binary, ["doctor", "--json", "--data", data.path, "--home", Kontor.home])
            return try #require(try JSON.parse(Array(output.utf8))["items"]?.array?.first { $0["what"]?.string == what }, "\(what): \(output)")
        }
        for what in ["log", "alerts", "server", "system copy", "acme.localhost copy", "acme.localhost database"] {
            #expect(try finding(what)["ok"] == true, "\(what)")
        }
        let made = try #require(try Kontor.json("backup", data: data.path)["items"]?.array?.first { $0["tenant_id"] == 1 })
        #expect(try finding("acme.localhost copy").text("detail").contains("kontor restore \(made.text("id"))"))
        try Files.remove(made.text("path"))
        let gone = try finding("acme.localhost copy")
        #expect(gone["ok"] == false && gone.text("detail").contains("is not there"), "\(gone)")
        _ = try Kontor.json("alerts", "settings", "--disk-free-percent", "99", data: data.path)
        #expect(try Kontor.run("alerts", "--look", data: data.path).status == 1)
        let alerts = try finding("alerts")
        #expect(alerts["ok"] == false && alerts.text("detail").contains("disk.low"), "\(alerts)")
        #expect(try Kontor.run("doctor", data: data.path).status == 1)
    }
}
