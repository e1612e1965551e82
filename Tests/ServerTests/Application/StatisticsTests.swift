import Core
import Platform
import Server
import Testing

@Suite struct StatisticsTests {
    @Test func `the report of the last day equals the requests that were made`() throws {
        let house = try TestHouse()
        let client = try house.client()
        for _ in 0..<7 { _ = try client.get("/api/test/notes") }
        _ = try client.post("/api/test/notes", ["text": "a", "break": true])
        _ = try client.post("/api/test/notes", ["text": "a", "refuse": 409])
        _ = try client.post("/api/test/notes", ["text": "a"])
        _ = try client.post("/api/test/notes", ["text": "a"])
        let report = try client.get("/api/statistics/endpoints").json["items"]?.array ?? []
        let reads = try #require(report.first { $0["endpoint"] == "GET /api/test/notes" })
        #expect(reads["requests"] == 7)
        #expect(reads["error_rate"] == "0.0000")
        let writes = try #require(report.first { $0["endpoint"] == "POST /api/test/notes" })
        #expect(writes["requests"] == 4)
        #expect(writes["errors"] == 1)
        #expect(writes["refused"] == 1)
        #expect(writes["error_rate"] == "0.2500")
        let rows = try client.get("/api/api-logs?limit=200").json["items"]?.array ?? []
        let durations = rows.filter { $0["endpoint"] == "GET /api/test/notes" }.compactMap { $0["duration_ms"]?.decimal }.sorted()
        #expect(durations.count == 7)
        #expect(reads["maximum_ms"]?.decimal == durations.last)
        #expect(reads["p50_ms"]?.decimal == durations[3])
        #expect(reads["p95_ms"]?.decimal == durations[6])
        let users = try client.get("/api/statistics/users").json["items"]?.array ?? []
        #expect(users.first?["username"] == "admin")
        // another tenant sees nothing of it, nor does who may not
        let other = try house.client(at: house.globex).get("/api/statistics/endpoints").json["items"]?.array ?? []
        #expect(!other.contains { $0["endpoint"]?.string?.contains("notes") == true })
        try house.user("kofi")
        #expect(try house.client("kofi").get("/api/api-logs").status == 403)
        // yesterday's are not in it
        house.advance(seconds: 86_400 * 2)
        #expect(try client.get("/api/statistics/endpoints").json["items"]?.array?.count == 0)
    }

    @Test func `the raw rows come page by page, newest first, none twice`() throws {
        let house = try TestHouse()
        let client = try house.client()
        for number in 1...12 { _ = try client.get("/api/test/notes/\(number)") }
        var seen: [String] = []
        var cursor = ""
        repeat {
            let page = try client.get("/api/api-logs?limit=5\(cursor)").json
            seen += (page["items"]?.array ?? []).map { "\($0["endpoint"] ?? .null) \($0["duration_ms"] ?? .null)" }
            cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(seen.filter { $0.contains("notes") }.count == 12)
    }

    @Test func `metrics are for this machine, and for the operator from elsewhere`() throws {
        let house = try TestHouse()
        _ = try house.client().get("/api/test/notes")
        let answer = try house.anonymous("127.0.0.1").get("/metrics")
        #expect(answer.status == 200)
        #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            answer.text.contains(#"kontor_http_requests_total{method="GET",path="/api/test/notes",status="2xx"} 1"#), "\(answer.text)")
        #expect(answer.text.contains(#"kontor_http_request_seconds_count{method="GET",path="/api/test/notes"} 1"#))
        #expect(try house.client().get("/metrics").status == 404, "not on a tenant's host")
    }

    @Test func `every request leaves a line in the log, without secrets`() throws {
        let log = try TestLog()
        let house = try TestHouse(log: log)
        let client = try house.client()
        let token = try #require(client.token)
        _ = try client.get("/api/test/notes?secret=swordfish")
        _ = try client.post("/login", ["username": "admin", "password": "swordfish"])
        _ = try client.get("/nowhere")
        let lines = try log.lines("request")
        #expect(lines.compactMap { $0["status"]?.int } == [200, 401, 404])
        #expect(lines[0]["endpoint"] == "GET /api/test/notes")
        #expect(lines[0]["user"] == "admin")
        #expect(lines[0]["tenant"] == .int(house.acme.id))
        #expect(lines.allSatisfy { $0["request_id"]?.string?.isEmpty == false && $0["ms"] != nil })
        for line in lines { #expect(!line.description.contains("swordfish") && !line.description.contains(token)) }
    }
}
