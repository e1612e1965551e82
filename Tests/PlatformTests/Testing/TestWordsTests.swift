import Core
import Platform
import Scripting
import Storage
import Testing

/// The words of tests for the world outside, for work done later and for how a result came about: each holds where it should,
/// and fails with a message that helps where it should not.
@Suite struct TestWordsTests {
    @Test(arguments: [
        "in_branch \"NORTH\"; local till = on_till \"2\"; expect(till.code):equals(\"2\"); expect(on_till(\"2\").id):equals(till.id)",
        "in_branch \"NORTH\"; expect(on_till(\"9\").branch):equals(branch.get(\"NORTH\").id)",
        "call(\"POST\", \"/api/tell\"); expect_effect { kind = \"mail\", to = \"ada@example.com\", text = \"order 7\", key = \"ready:7\" }",
        "call(\"POST\", \"/api/tell\"); expect_effect { kind = \"http\", method = \"POST\", url = \"https://api.test/v1/orders\", json = { total = money \"12.50\" } }",
        "call(\"POST\", \"/api/tell\"); expect_effect { kind = \"message\", to = \"+233 20 123 4567\" }; expect_effect { kind = \"print\", till = 2, text = \"Receipt\" }",
        "local before = device.fake \"printer\"; call(\"POST\", \"/api/tell\"); expect(before:printed()[1].text):equals(\"Receipt 7\"); expect(#device.fake(\"printer\"):printed()):equals(0)",
        "expect_reject { code = \"crew.broken\" } (function() run_job(\"nightly\", { fail = true }) end)",
        "expect_no_effects(); call(\"POST\", \"/api/charge\", { days = 1 }); expect_no_effects()",
        "secret.stub(\"token\", \"s3cret\"); expect(#secret.sign(\"token\", \"text\")):equals(64)",
        "call(\"POST\", \"/api/charge\", { days = 40 }); expect_rule(\"crew.fees\"):version(1):at(\"late_fee\"):value(money \"10.00\")",
        "call(\"POST\", \"/api/charge\", { days = 4 }); expect_rule(\"crew.fees\"):version(\"Rules/fees/standard.lua@1\"):at(\"late_fee\"):value(\"5.00 GHS\")",
        "call(\"POST\", \"/api/charge\", { days = 4 }); expect_rule(\"crew.fees\"):at(\"grace_days\"):value(3); expect_rule(\"crew.fees\"):at(\"cap\"):value(money \"20.00\")",
        "expect(rules.get(\"crew.fees\").late_fee(31)):money(\"10.00\"); expect_rule(\"crew.fees\"):value(money \"10.00\")",
        "call(\"POST\", \"/api/charge\", { days = 4 }); expect_trace { days = 4, fee = money \"5.00\" }",
        "trace.note(\"mine\", { 1, 2 }); expect_trace { mine = { 1, 2 } }",
        "call(\"POST\", \"/api/charge\", { days = 4 }); expect_budget { instructions = \"<1M\", queries = \"<=3\", rows = \"<10\", rows_written = \"<=2\", host_calls = \"<20\", memory = \"<2M\" }",
        "expect_budget { queries = \"<=1\" } (function() record.count(\"crew.task\", {}) end)",
    ])
    func `what holds passes`(line: String) throws {
        let result = try Crew().it(line)
        #expect(result.verdict == .passed, "\(result.message)")
    }

    @Test(arguments: [
        ("expect_reject { code = \"crew.broken\" } (function() run_job(\"nightly\") end)", "and was not"),
        ("expect_effect { kind = \"mail\" }", "no mail was sent; nothing was sent"),
        ("call(\"POST\", \"/api/tell\"); expect_effect { kind = \"mail\", to = \"eve@example.com\", text = \"order 8\" }",
            "of mail ada@example.com text: expected a text with \"order 8\", got \"Your order 7 is ready.\"; to: expected \"eve@example.com\", got \"ada@example.com\""),
        ("call(\"POST\", \"/api/tell\"); expect_effect { kind = \"http\", json = { total = money \"12.51\" } }", "json: expected { total = 12.51 GHS }, got { id = 7, total = 1250 }"),
        ("expect_effect { kind = \"fax\" }", "expect_effect takes { kind = \"http\", \"mail\", \"message\" or \"print\", … }"),
        ("call(\"POST\", \"/api/tell\"); expect_no_effects()", "sent were: mail ada@example.com, http POST https://api.test/v1/orders, message +233 20 123 4567, print till 2"),
        ("device.fake \"scale\"", "there is \"printer\" to fake, not \"scale\""),
        ("secret.sign(\"token\", \"text\")", "the secret token is not set"),
        ("secret.stub(\"other\", \"x\")", "is no secret of the plugin under test"),
        ("expect_rule(\"crew.fees\")", "expected a rule of crew.fees to have a say; there was none"),
        ("call(\"POST\", \"/api/charge\", { days = 4 }); expect_rule(\"crew.fees\"):version(2)", "and it was Rules/fees/standard.lua@1"),
        ("call(\"POST\", \"/api/charge\", { days = 4 }); expect_rule(\"crew.fees\"):at(\"early_fee\")", "decided was late_fee"),
        ("call(\"POST\", \"/api/charge\", { days = 4 }); expect_rule(\"crew.fees\"):at(\"late_fee\"):value(\"6.00\")", "expected late_fee to give \"6.00\", and it gave 5.00 GHS"),
        ("call(\"POST\", \"/api/charge\", { days = 4 }); expect_trace { days = 5 }", "expected the note days to be 5, got 4"),
        ("call(\"POST\", \"/api/charge\", { days = 4 }); expect_trace { weeks = 1 }", "expected a note weeks; there was days, fee"),
        ("call(\"POST\", \"/api/charge\", { days = 4 }); expect_budget { rows_written = \"<=1\" }", "expected rows_written <=1, used 2"),
        ("call(\"POST\", \"/api/charge\", { days = 4 }); expect_budget { instructions = \"<10\" }", "expected instructions <10, used "),
        ("call(\"POST\", \"/api/charge\", { days = 4 }); expect_budget { memory = \"<10\" }", "expected memory <10, used "),
        ("expect_budget { queries = \"<=1\" } (function() for _ = 1, 2 do record.count(\"crew.task\", {}) end end)", "expected queries <=1, used 2"),
        ("expect_budget { host_calls = \"<2\" } (function() for _ = 1, 2 do record.count(\"crew.task\", {}) end end)", "expected host_calls <2, used 2"),
        ("expect_budget { joules = \"<1\" }", "a budget is { instructions"),
        ("replay \"nothing\"", "there is no recording fixtures/nothing.json"),
        ("run_job(\"nothing\")", "is “nothing”, which is no job here"),
        ("run_job(\"nightly\", { fail = true })", "It broke."),
        ("on_till \"2\"", "on_till: argument 1 is a till of no branch"),
    ])
    func `what does not hold fails with what was there`(line: String, message: String) throws {
        let result = try Crew().it(line)
        #expect(!result.isGood)
        #expect(result.message.contains(message), "\(result.message)")
        #expect(result.place == "crew/tests/crew_test.lua:2", "\(result.place)")
    }

    @Test func `documents are posted and voided as a user would, and files go along with mail`() throws {
        let crew = try Crew([
            "records/order.lua": """
                return { type = "crew.order", path = "orders", permissions = { read = "crew.do", write = "crew.do" },
                  fields = { { "title", "text", required = true }, { "status", "enum", values = { "DRAFT", "POSTED", "VOIDED" } } },
                  state = { field = "status", initial = "DRAFT",
                    moves = { { "DRAFT", "POSTED", permission = "crew.do", post = true }, { "POSTED", "VOIDED", permission = "crew.do", void = true } } } }
                """,
            "routes/scan.lua": """
                return { method = "POST", path = "/api/scan", permission = "crew.do", run = function()
                  local made = file.create { name = "scan.txt", type = "text/plain", bytes = "Seen" }
                  mail.send { to = "ada@example.com", subject = "Scan", text = "See there.", attach = { { file = made.id }, { file = made.id, name = "again.txt" } } }
                end }
                """,
            "routes/lost.lua": """
                return { method = "POST", path = "/api/lost", permission = "crew.do", run = function()
                  mail.send { to = "ada@example.com", subject = "Scan", text = "See there.", attach = { { file = 99 } } }
                end }
                """,
        ])
        let result = try crew.it("""
            local order = post(given.record("crew.order", { title = "A-1" }))
              expect(order.status):equals("POSTED")
              expect(void(order).status):equals("VOIDED")
              expect_reject { code = "record.move_not_allowed" } (function() post(order) end)
              as_user { permissions = {} }
              expect_reject { http = 403 } (function() post(given.record("crew.order", { title = "A-2" })) end)
              as_user { permissions = { "crew.do" } }
              call("POST", "/api/scan")
              local effect = expect_effect { kind = "mail" }
              expect(effect.attachments[1].name):equals("scan.txt")
              expect(effect.attachments[1].base64):equals("U2Vlbg==")
              expect(effect.attachments[2].name):equals("again.txt")
              expect_reject { code = "file.not_found" } (function() call("POST", "/api/lost") end)
            """)
        #expect(result.verdict == .passed, "\(result.message)")
    }

    @Test func `a job asks the stub that fits, step by step, and its effects are kept`() throws {
        let result = try Crew().it("""
            secret.stub("token", "s3cret")
              http.stub { match = "GET https://rates.test/*", reply = { json = { rate = "1.10" } } }
              http.stub { match = "https://rates.test/2026-02-28", reply = { json = { rate = "1.20" } } }
              local job = run_job("rates")
              expect(job.state):equals("done")
              expect(job.steps):equals(2)
              expect(record.list("crew.task", { order = { "id" } })[2].title):equals("1.10")
              expect_effect { kind = "http", url = "https://rates.test/today", headers = { Authorization = "s3cret" } }
              run_job("rates", { day = "2026-02-28" })
              expect(record.count("crew.task", { title = "1.20" })):equals(2)
              http.stub { match = "https://rates.test/today", reply = { error = "http.timeout" } }
              run_job("rates")
              expect(record.count("crew.task", { title = "http.timeout" })):equals(2)
              http.stub { match = "https://rates.test/today", reply = { status = 503, body = "busy" } }
              run_job("rates")
              expect(record.count("crew.task", { title = "busy" })):equals(2)
            """)
        #expect(result.verdict == .passed, "\(result.message)")
    }

    @Test func `a call that nobody stubs fails the test and names the URL, whatever the script does with it`() throws {
        let result = try Crew().it("secret.stub(\"token\", \"x\"); run_job(\"rates\"); expect(1):equals(1)")
        #expect(result.verdict == .failed)
        #expect(result.message.contains("GET https://rates.test/today was asked, and the test does not say what it gives"), "\(result.message)")
    }

    @Test func `schedules come when the clock goes on, and not for the time before it was set`() throws {
        let result = try Crew().it("""
            clock.at("2026-05-01")
              expect(#run_due()):equals(0)
              clock.advance { days = 3 }
              local done = run_due()
              -- Three nights, and the hook on what each left behind.
              expect(#done):equals(6)
              expect(done[1].job):equals("crew.nightly")
              expect(done[1].state):equals("done")
              expect(record.count("crew.task", { title = "night of 2026-05-04" })):equals(3)
              clock.at("2027-01-01")
              expect(#run_due()):equals(0)
            """)
        #expect(result.verdict == .passed, "\(result.message)")
    }

    @Test func `hooks after the commit run when they are due, and a failure among what is due is told`() throws {
        let crew = try Crew()
        var result = try crew.it("""
            call("POST", "/api/tasks", { title = "loud" })
              expect_no_effects()
              run_due()
              expect_effect { kind = "mail", to = "boss@example.com" }
            """)
        #expect(result.verdict == .passed, "\(result.message)")
        let broken = try Crew(["jobs/asked.lua": "return { id = \"asked\", retry = { times = 0 }, run = function() error(\"no\") end }",
            "routes/ask.lua": "return { method = \"POST\", path = \"/api/ask\", permission = \"crew.do\", run = function() job.enqueue(\"asked\") end }"])
        result = try broken.it("call(\"POST\", \"/api/ask\"); run_due()")
        #expect(result.message.contains("crew.asked: script.error: ") && !result.isGood, "\(result.message)")
    }

    @Test func `what a test lets fail switches no hook off in the business`() throws {
        let crew = try Crew([
            "hooks/shaky.lua": "return { id = \"shaky\", on = \"crew.task\", phase = \"before_save\", on_failure = \"skip\", run = function(t) if t.title == \"bad\" then error(\"no\") end t.other = money \"1.00\" end }",
        ])
        let result = try crew.it("for _ = 1, 7 do call(\"POST\", \"/api/tasks\", { title = \"bad\" }) end")
        #expect(result.verdict == .passed, "\(result.message)")
        let reply = try crew.works.call(.post, "/api/tasks", ["title": "good"])
        let id = try #require(reply.json["id"]?.int)
        #expect(try crew.works.call(.get, "/api/tasks/\(id)").json["other"]?.money?.minor == 100)
    }

    @Test func `what was noted is shown with a test that fails, and with no other`() throws {
        let crew = try Crew()
        let failed = try crew.it("call(\"POST\", \"/api/charge\", { days = 4 }); expect(1):equals(2)")
        #expect(failed.value["trace"]?[0]?["label"] == "days" && failed.value["trace"]?[1]?["value"]?.money?.minor == 500, "\(failed.value)")
        #expect(failed.value["trace"]?[1]?["currency"] == "GHS" && failed.value["trace"]?[1]?["plugin"] == "crew")
        #expect(try crew.it("trace.note(\"a\", 1)").value["trace"] == [])
        let noisy = try Crew(["routes/noisy.lua": """
            return { method = "POST", path = "/api/noisy", permission = "crew.do", run = function()
              for _ = 1, 100 do trace.note("a", ("x"):rep(1000)) end
            end }
            """])
        #expect(code { try noisy.works.call(.post, "/api/noisy") } == "script.output")
    }

    @Test func `a recording is decided again, and told where it comes to something else`() throws {
        let crew = try Crew()
        let id = try #require(crew.works.call(.post, "/api/charge", ["days": 40]).value["id"]?.int)
        let recording = try crew.works.call(.get, "/api/replays/crew.task/\(id)").json
        #expect(recording["decisions"]?[0]?["output"] == [["$money": "10.00 GHS"]], "\(recording)")
        let text = String(decoding: JSON.serialize(recording), as: UTF8.self)
        var result = try crew.it("expect(replay(\"late\").replayed):equals(1)", fixtures: ["fixtures/late.json": text])
        #expect(result.verdict == .passed, "\(result.message)")
        // By a reference to the record as well.
        result = try crew.it("replay(\"crew.task/\(id)\")")
        #expect(result.verdict == .passed, "\(result.message)")
        let dearer = try Crew(fees: Crew.fees.replacing("money \"10.00\"", with: "money \"12.50\""))
        result = try dearer.it("replay(\"late\")", fixtures: ["fixtures/late.json": text])
        #expect(result.verdict == .failed)
        #expect(result.message.contains("1 decisions replayed, 1 differ, +2.50 GHS: late_fee of Rules/fees/standard.lua: expected 10.00 GHS, got 12.50 GHS"), "\(result.message)")
        let broken = try crew.it("replay(\"late\")", fixtures: ["fixtures/late.json": "{}"])
        #expect(broken.message.contains("The file is no recording"), "\(broken.message)")
    }
}
