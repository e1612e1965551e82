import Core
import Platform
import Testing

@Suite struct TemplateTests {
    private static let plugin = Works.chores([
        "notifications/ready.lua": #"""
            return { id = "ready", title = "Ready for pick-up", params = { { "name", "text", required = true }, { "total", "money" } },
              subject = "Ready, {name}", text = "Dear {name}, {total} is due. {{sic}}" }
            """#,
        "routes/tell.lua": #"""
            return { method = "POST", path = "/api/tell", permission = "chores.do", input = { { "name", "text" } }, run = function(req)
              return { id = mail.send { to = "ada@example.com", template = "ready", params = { name = req.body.name, total = money "12.50" } } }
            end }
            """#,
    ])

    private func sent(_ works: Works, _ name: Value = "Ada") throws -> Value {
        let id = try #require(works.call(.post, "/api/tell", ["name": name]).value["id"]?.int)
        return try #require(works.call(.get, "/api/outbox/\(id)").value["payload"])
    }

    @Test func `a notification says what is declared, and what the tenant puts in its place`() throws {
        let works = try Works(Self.plugin)
        var mail = try sent(works)
        #expect(mail["subject"] == "Ready, Ada" && mail["text"] == "Dear Ada, 12.50 is due. {sic}" && mail["html"] == nil, "\(mail)")
        try works.publish(
            "Rules/templates/ready.lua",
            #"return { contract = "template", id = "chores.ready", subject = "{name}!", text = "Come, {name}.", html = "<b>{name}</b>" }"#)
        mail = try sent(works, "<Ada & Co>")
        #expect(mail["subject"] == "<Ada & Co>!" && mail["text"] == "Come, <Ada & Co>." && mail["html"] == "<b>&lt;Ada &amp; Co&gt;</b>", "\(mail)")
    }

    @Test(arguments: [
        ("id = \"chores.ready\",\n  text = \"Dear {nmae}\"", "text", "{nmae}"), ("id = \"chores.gone\", text = \"x\"", "id", "chores.ready"),
        ("id = \"chores.ready\", text = \"Dear {name\"", "text", "brace"), ("id = \"chores.ready\"", "text", "is missing"),
    ])
    func `a template with a place that nobody fills is refused where it stands`(body: String, field: String, detail: String) throws {
        let works = try Works(Self.plugin)
        do {
            try works.publish("Rules/templates/x.lua", "return { contract = \"template\", \(body) }")
            Issue.record("published")
        } catch let problem as Problem {
            #expect(problem.code == "script.contract" && problem.field == field && problem.detail.contains(detail), "\(problem)")
        }
        #expect(try sent(works)["subject"] == "Ready, Ada")
    }

    @Test func `what is needed and not given is told`() throws {
        let works = try Works(Self.plugin)
        #expect(code { try works.call(.post, "/api/tell", [:]) } == "template.param_missing")
        #expect(code { try Works(Works.chores(["notifications/n.lua": #"return { id = "n", text = "{who}" }"#])) } == "script.contract")
    }
}
