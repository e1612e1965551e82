import Core
import Platform
import Scripting
import Storage
import Testing

/// A business with a plugin that decides, notes, sends, prints and works by night; and what its test files give.
struct Crew {
    let works: Works

    init(_ more: [String: String] = [:], fees: String = Crew.fees, rules: [String: String] = [:]) throws {
        works = try Works()
        let files = Self.files.merging(more) { $1 }.mapValues { Array($0.utf8) }
        let shipped = rules.merging(["Rules/fees/standard.lua": fees]) { $1 }.mapValues { Array($0.utf8) }
        let (tenant, actor, clock) = (works.tenant, works.house.actor, works.house.clock)
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(
                files: files, shippedRules: shipped)
        }
        tenant.revisionSlot.publish(revision)
    }

    /// Runs a test file of the plugin on a copy.
    func run(_ source: String, fixtures: [String: String] = [:]) throws -> [TestResult] {
        let revision = try #require(works.tenant.revisionSlot.current)
        let package = try #require(revision.plugins.packages.first { $0.name == "crew" })
        let (tenant, instance) = (works.tenant, works.house.instance)
        return try ScriptThread.run {
            let folder = try Files.temporaryDirectory("kontor-crew")
            defer { try? Files.removeTree(folder) }
            let db = try Backup.whole(of: tenant.store, to: "\(folder)/tenant.db")
            defer { db.close() }
            return try db.transaction {
                try ScriptTesting.run(
                    [(file: "crew/tests/crew_test.lua", source: Array(source.utf8))],
                    on: TestSubject(
                        db: db, tenant: tenant, instance: instance, revision: revision, package: package,
                        fixtures: fixtures.mapValues { Array($0.utf8) }),
                    start: instance.now)
            }
        }
    }

    /// What became of one test whose body begins on the second line.
    func it(_ body: String, fixtures: [String: String] = [:]) throws -> TestResult {
        let results = try run("it(\"does\", function()\n  \(body)\nend)", fixtures: fixtures)
        return try #require(results.first)
    }

    static let fees = """
        return {
          contract = "crew.fees", id = "standard", grace_days = 3, cap = "20.00",
          late_fee = function(days)
            if days > 30 then return money "10.00" end
            return money "5.00"
          end,
        }
        """

    static let files: [String: String] = [
        "plugin.lua": """
            return { name = "crew", version = "1.0.0", permissions = { { "crew.do", title = "Do" } },
              capabilities = { http = { "GET https://rates.test/*", "POST https://api.test/v1/*" }, secret = { "token" } } }
            """,
        "contracts/fees.lua": """
            return { id = "crew.fees", key = "id", fallback = "standard", fields = {
              { "id", "text", required = true }, { "grace_days", "integer", default = 3 }, { "cap", "money", default = "0" },
              { "late_fee", "money", or_function = { { "days", "integer", min = 0, max = 60 } } },
            } }
            """,
        "records/task.lua": """
            return { type = "crew.task", path = "tasks", permissions = { read = "crew.do", write = "crew.do" },
              fields = { { "title", "text", required = true }, { "fee", "money" }, { "other", "money" } } }
            """,
        "routes/charge.lua": """
            return { method = "POST", path = "/api/charge", permission = "crew.do", input = { { "days", "integer", required = true } },
              output = { { "id", "integer" }, { "fee", "money" } },
              run = function(req)
                local fees = rules.get("crew.fees")
                local fee = fees.late_fee(req.body.days)
                trace.note("days", req.body.days)
                trace.note("fee", fee)
                if req.body.days > 100 then reject { code = "crew.too_late", field = "days" } end
                local task = record.create("crew.task", { title = "charge", fee = fee })
                return { id = task.id, fee = fee }
              end }
            """,
        "routes/tell.lua": """
            return { method = "POST", path = "/api/tell", permission = "crew.do", run = function()
              mail.send { to = "ada@example.com", subject = "Ready", text = "Your order 7 is ready.", key = "ready:7" }
              http.send { method = "POST", url = "https://api.test/v1/orders", json = { id = 7, total = money "12.50" },
                headers = { Authorization = secret.header("token", "Bearer ") } }
              message.send { to = "+233 20 123 4567", text = "Ready." }
              print.raw { text = "Receipt 7", till = 2 }
              return {}
            end }
            """,
        "jobs/rates.lua": """
            return { id = "rates",
              fetch = function(cursor, args)
                local answer, problem = http.request { url = "https://rates.test/" .. (args.day or "today"), headers = { Authorization = secret.header("token") } }
                if not answer then return { problem = problem.code } end
                return answer.json or { body = answer.body, status = answer.status }
              end,
              run = function(cursor, fetched)
                local step = (cursor or 0) + 1
                record.create("crew.task", { title = fetched.problem or fetched.rate or fetched.body })
                if step < 2 then return step end
              end }
            """,
        "jobs/nightly.lua": """
            return { id = "nightly", cron = "0 3 * * *", catch_up = "all", retry = { times = 0 },
              run = function(_, _, args)
                if args.fail then reject { code = "crew.broken", message = "It broke." } end
                record.create("crew.task", { title = "night of " .. date.today() })
              end }
            """,
        "hooks/heard.lua": """
            return { id = "heard", on = "crew.task", phase = "after_commit", run = function(task, ctx)
              if ctx.change == "created" and task.title == "loud" then mail.send { to = "boss@example.com", subject = "Loud", text = "Heard it." } end
            end }
            """,
    ]
}
