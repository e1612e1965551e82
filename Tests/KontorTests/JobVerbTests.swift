import Core
import Testing

@testable import kontor

/// Jobs, messages, settings and secrets from the command line, without a server.
@Suite struct JobVerbTests {
    @Test func `jobs run, messages wait and settings are set where no server is`() throws {
        let data = try Kontor.demoData()
        let home = try Homes.with("chores", JobCrashTests.plugin(9))
        func run(_ words: String...) throws -> (output: String, status: Int32) {
            try Child.run(Kontor.binary, words + ["--tenant", "acme.localhost", "--data", data.path, "--home", home.path])
        }
        func json(_ words: String...) throws -> Value {
            let (output, status) = try Child.run(
                Kontor.binary, words + ["--tenant", "acme.localhost", "--data", data.path, "--home", home.path, "--json"])
            try #require(status == 0, "kontor \(words.joined(separator: " ")) ended with \(status): \(output)")
            return try JSON.parse(Array(output.utf8))
        }
        let installed = try run("plugin", "install", "chores", "--yes")
        try #require(installed.status == 0, "\(installed.output)")
        #expect(try json("job", "list")["items"]?.array?.compactMap { $0["name"]?.string }.filter { $0.hasPrefix("chores.") } == ["chores.pages"])
        let row = try json("job", "run", "chores.pages", "--args", #"{"name":"cli"}"#)
        #expect(row["state"] == "done" && row["steps"] == 4, "\(row)")
        #expect(row["run"]?["result"] == "done" && row["run"]?["processed"] == 4, "\(row)")
        let history = try json("job", "history", "chores.pages")["items"]?.array
        #expect(history?.first?["result"] == "done" && history?.first?["processed"] == 4)
        #expect(try run("job", "run", "chores.nothing").status == ExitCode.refused.rawValue)

        let messages = try json("outbox", "list")["items"]?.array ?? []
        #expect(messages.map { $0["kind"] } == ["mail", "http"] && messages.allSatisfy { $0["state"] == "pending" }, "\(messages)")
        let id = messages.first?.text("id") ?? ""
        #expect(try json("outbox", "cancel", id)["state"] == "cancelled")

        #expect(try json("settings", "set", "mail.port", "25")["items"]?.array?.first?["value"] == 25)
        #expect(try run("settings", "set", "mail.port", "many").status == ExitCode.refused.rawValue)
        #expect(try json("settings", "list")["items"]?.array?.contains { $0["key"] == "mail.port" && $0["source"] == "tenant" } == true)
        // Its standard input is empty.
        #expect(try run("secret", "set", "mail.password").status == ExitCode.usage.rawValue)
        #expect(try json("secret", "list")["items"]?.array?.contains { $0["name"] == "mail.password" && $0["set"] == false } == true)
    }

    @Test func `a job that runs in the server is waited for, and what came of it is printed`() throws {
        let data = try Kontor.demoData()
        let server = try RunningServer(data.path)
        defer { withExtendedLifetime(server) {} }
        let ran = try Kontor.run("job", "run", "layby.automation", "--tenant", "acme.localhost", data: data.path)
        #expect(ran.status == 0 && ran.output.hasPrefix("layby.automation is done (1): processed 0, 0 errors, "), "\(ran)")
        let queued = try Kontor.json("job", "run", "layby.automation", "--queue", "--tenant", "acme.localhost", data: data.path)
        #expect(queued["job"] == "layby.automation" && queued["id"] == 2, "\(queued)")
    }
}
