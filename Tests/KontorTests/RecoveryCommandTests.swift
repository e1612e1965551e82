import Core
import Glibc
import Testing

@testable import kontor

/// `kontor restore --to`, `recover`, `backup test-restore` and `backup drill`, with a server that is killed in between.
@Suite struct RecoveryCommandTests {
    private func sell(_ caller: Caller) throws -> (id: Int64, number: String) {
        let answer = try caller.ask("POST", "/api/sales", firstSale)
        try #require(answer.status == 201, "\(answer.body)")
        return (try #require(answer["id"]?.int), answer["invoice_number"]?.string ?? "")
    }

    /// The invoice numbers of the sales from an id on that are there.
    private func invoices(_ server: RunningServer, from first: Int64) throws -> [String] {
        try (first..<first + 10).compactMap { try server.caller().get("/api/sales/\($0)")["invoice_number"]?.string }
    }

    /// A moment after all that was answered, before all that comes.
    private func moment() -> Instant {
        let now = SystemClock().now()
        while SystemClock().now() <= now.adding(milliseconds: 1) { usleep(200) }
        return now
    }

    @Test func `a moment between two sales is restored after the server was killed twice, and the books verify`() throws {
        let data = try Kontor.demoData()
        var server = try RunningServer(data.path)
        #expect(try Kontor.run("backup", "acme.localhost", data: data.path).status == 0)
        let first = try sell(server.caller())
        server.child.send(SIGKILL)
        server.child.wait()
        server = try RunningServer(data.path)
        let second = try sell(server.caller())
        let between = moment()
        let third = try sell(server.caller())
        server.child.send(SIGKILL)
        server.child.wait()
        server = try RunningServer(data.path)
        let fourth = try sell(server.caller())
        let numbers = [first, second, third, fourth].map(\.number)
        #expect(Set(numbers).count == 4)

        let (tested, status) = try Kontor.run("backup", "test-restore", "--tenant", "acme.localhost", data: data.path)
        #expect(status == 0 && tested.contains("pos.sale") && tested.contains("increments") && tested.contains("ledger.entry"), "\(tested)")
        #expect(try Kontor.run("backup", "drill", "--tenant", "acme.localhost", data: data.path).status == 0)
        let (drills, _) = try Kontor.run("backup", "drill", "--list", data: data.path)
        #expect(drills.contains("acme.localhost") && drills.contains("yes"), "\(drills)")

        let (said, restored) = try Kontor.run(
            "restore", "--tenant", "acme.localhost", "--to", between.description, "--reason", "the third was wrong", data: data.path)
        #expect(restored == 0, "\(said)")
        for step in ["stop", "copy", "increments", "verify", "restore", "open", "compare", "health", "tell"] { #expect(said.contains("\(step): "), "\(step): \(said)") }
        #expect(said.contains("Tell the users") && said.contains("NEWEST BEFORE"), "\(said)")
        #expect(try invoices(server, from: first.id) == Array(numbers.prefix(2)))
        #expect(try server.caller().ask("POST", "/api/ledger/verify", [:])["ok"] == true)
        // Numbers that were given out are not given again.
        #expect(!numbers.contains(try sell(server.caller()).number))
        #expect(try Kontor.run("restore", data: data.path).status == 64)
    }

    @Test func `a database that is damaged is recovered with every sale, frozen until somebody has looked`() throws {
        let data = try Kontor.demoData()
        var server = try RunningServer(data.path)
        #expect(try Kontor.run("backup", "acme.localhost", data: data.path).status == 0)
        let sales = try (0..<5).map { _ in try sell(server.caller()) }
        server.child.send(SIGTERM)
        server.child.wait()
        let path = "\(data.path)/tenants/\(try server.demo.tenant("acme").id)/tenant.db"
        let file = open(path, O_RDWR)
        let junk = [UInt8](repeating: 0x5A, count: 4_096)
        for page in 1..<(try Files.size(path) / 4_096) where page % 5 == 1 { _ = pwrite(file, junk, junk.count, off_t(page * 4_096)) }
        close(file)
        server = try RunningServer(data.path)
        let (said, status) = try Kontor.run("recover", "--tenant", "acme.localhost", "--reason", "the disk went wrong", data: data.path)
        #expect(status == 0 && said.contains("freeze: ") && said.contains("applied: ") && said.contains("refused: "), "\(said)")
        #expect(try invoices(server, from: sales[0].id) == sales.map(\.number))
        let refused = try server.caller().ask("POST", "/api/sales", firstSale)
        #expect(refused.status == 423 && refused["cause"] == "recovery", "\(refused.body)")
        #expect(try Kontor.run("thaw", "--tenant", "acme.localhost", data: data.path).status == 0)
        #expect(try server.caller().ask("POST", "/api/sales", firstSale).status == 201)
    }
}
