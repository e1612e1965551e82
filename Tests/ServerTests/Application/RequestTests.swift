import Core
import Platform
import Server
import Testing

/// What becomes of requests, good and bad.
@Suite struct RequestTests {
    @Test func `a path that nobody serves is 404, one that is served otherwise is 405`() throws {
        let house = try TestHouse()
        let client = try house.client()
        for path in ["/api/nothing", "/api/test", "/api/test/notes/1/2", "/nothing", "/api//test/notes"] {
            let answer = try client.get(path)
            #expect(answer.status == 404, "\(path)")
            #expect(answer.code == "request.not_found")
        }
        let answer = try client.send("DELETE", "/api/test/notes")
        #expect(answer.status == 405)
        #expect(answer.code == "request.method_not_allowed")
        #expect(answer.header("allow") == "GET, HEAD, OPTIONS, POST")
    }

    @Test(arguments: ["0", "-1", "01", "x", "9223372036854775808", "1.0", "+1", "%31%20"])
    func `an id that no row can have is 404`(id: String) throws {
        let house = try TestHouse()
        #expect(try house.client().get("/api/test/notes/\(id)").status == 404)
    }

    @Test func `a body that is no JSON, or not what is asked for, is told apart`() throws {
        let house = try TestHouse()
        let client = try house.client()
        func send(_ body: String, _ type: String?) throws -> WebClient.Answer {
            try client.send(
                "POST", "/api/test/notes", headers: type.map { [("Content-Type", $0)] } ?? [], body: Array(body.utf8))
        }
        #expect(try send(#"{"text":"a"}"#, "application/json").status == 201)
        #expect(try send(#"{"text":"a"}"#, "application/json; charset=utf-8").status == 201)
        #expect(try send(#"{"text":"a"}"#, "APPLICATION/JSON").status == 201)
        #expect(try send(#"{"text":"a"}"#, "text/plain").code == "request.media_type")
        #expect(try send(#"{"text":"a"}"#, nil).status == 415)
        #expect(try send(#"{"text":"#, "application/json").status == 400)
        #expect(try send(#"{"text":"a","text":"b"}"#, "application/json").status == 400)
        #expect(try send(String(repeating: "[", count: 100), "application/json").status == 400)
        let faulty = try send(#"{"text":7,"tetx":"a"}"#, "application/json")
        #expect(faulty.status == 422)
        #expect(faulty.code == "request.invalid")
        #expect(faulty.json["errors"]?.array?.count == 2)
        #expect(faulty.json["field"] == "text")
        #expect(try send("", nil).json["field"] == "text")
        #expect(try client.get("/api/test/notes").json["items"]?.array?.count == 3)
    }

    @Test func `a body has its endpoint's limit`() throws {
        let house = try TestHouse()
        let client = try house.client()
        let big = "{\"text\":\"" + String(repeating: "a", count: 1 << 20) + "\"}"
        let answer = try client.send(
            "POST", "/api/test/notes", headers: [("Content-Type", "application/json")], body: Array(big.utf8))
        #expect(answer.status == 413)
        client.disconnect()
        let type = [("Content-Type", "text/csv")]
        let fits = try client.send("PUT", "/api/test/files/a/b.csv", headers: type, body: [UInt8](repeating: 0x61, count: 4 << 20))
        #expect(fits.json == ["path": "a/b.csv", "size": .int(4 << 20)])
        #expect(
            try client.send("PUT", "/api/test/files/a/b.csv", headers: type, body: [UInt8](repeating: 0x61, count: 4 << 20 + 1))
                .status == 413)
        client.disconnect()
        #expect(
            try client.send("PUT", "/api/test/files/a.csv", headers: [("Content-Type", "text/html")], body: [0x61]).status == 415)
    }

    @Test func `a refusal changes nothing, and is on record`() throws {
        let house = try TestHouse()
        let client = try house.client()
        let refused = try client.post("/api/test/notes", ["text": "a", "refuse": 409])
        #expect(refused.status == 409)
        #expect(refused.code == "test.refused")
        #expect(refused.json["type"] == "/problems/test.refused")
        #expect(refused.json["field"] == "refuse")
        #expect(try client.post("/api/test/notes", ["text": "b"]).status == 201)
        #expect(try client.get("/api/test/notes").json["items"]?.array?.compactMap { $0["text"]?.string } == ["b"])
        let log = try client.get("/api/refusals")
        #expect(log.json["items"]?.array?.first?["code"] == "test.refused", "\(log.text)")
    }

    @Test func `what nobody expected tells the caller a reference and nothing else`() throws {
        let log = try TestLog()
        let house = try TestHouse(log: log)
        let client = try house.client()
        let broken = try client.post("/api/test/notes", ["text": "a", "break": true])
        #expect(broken.status == 500)
        #expect(broken.code == "server.internal")
        #expect(!broken.text.contains("swordfish"))
        let reference = try #require(broken.json["reference"]?.string)
        let line = try #require(try log.lines("server.internal").first)
        #expect(line["request_id"]?.string == reference)
        #expect(line["error"]?.string?.contains("swordfish") == true)
        #expect(try client.get("/api/test/notes").json["items"]?.array == [])
    }

    @Test func `HEAD answers as GET does, without the body`() throws {
        let house = try TestHouse()
        let client = try house.client()
        _ = try client.post("/api/test/notes", ["text": "a"])
        let get = try client.get("/api/test/notes")
        let head = try client.send("HEAD", "/api/test/notes")
        #expect(head.status == 200)
        #expect(head.header("content-length") == String(get.body.count))
        #expect(head.header("etag") == get.header("etag"))
        #expect(head.body.isEmpty)
        #expect(try client.send("HEAD", "/api/nothing").status == 404)
        #expect(try client.get("/api/health").status == 200)
    }

    @Test func `what has not changed is not sent again`() throws {
        let house = try TestHouse()
        let client = try house.client()
        _ = try client.post("/api/test/notes", ["text": "a"])
        let tag = try #require(try client.get("/api/test/notes").header("etag"))
        for match in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let answer = try client.get("/api/test/notes", headers: [("If-None-Match", match)])
            #expect(answer.status == 304, "\(match)")
            #expect(answer.body.isEmpty)
            #expect(answer.header("etag") == tag)
        }
        #expect(try client.get("/api/test/notes", headers: [("If-None-Match", "\"other\"")]).status == 200)
        _ = try client.post("/api/test/notes", ["text": "b"])
        #expect(try client.get("/api/test/notes", headers: [("If-None-Match", tag)]).status == 200)
    }

    @Test func `OPTIONS tells the methods and lets no other origin in`() throws {
        let house = try TestHouse()
        let answer = try house.anonymous().send("OPTIONS", "/api/test/notes", headers: [("Origin", "http://evil.example")])
        #expect(answer.status == 204)
        #expect(answer.header("allow") == "GET, HEAD, OPTIONS, POST")
        #expect(answer.header("access-control-allow-origin") == nil)
        #expect(try house.anonymous().send("OPTIONS", "/api/nothing").status == 404)
    }

    @Test func `a long answer comes while it is made, and a broken one is seen to be broken`() throws {
        let house = try TestHouse()
        let client = try house.client()
        #expect(try client.get("/api/test/export?lines=3").text == "line 0\nline 1\nline 2\n")
        let long = try client.get("/api/test/export?lines=50000")
        #expect(long.status == 200)
        #expect(long.text.split(separator: "\n").count == 50_000)
        #expect(try client.get("/api/test/export?lines=10&fails_at=5").status == 500)
        #expect(throws: WebClient.Broken.self) { try client.get("/api/test/export?lines=50000&fails_at=40000") }
        client.disconnect()
        #expect(try client.get("/api/test/export?lines=1").text == "line 0\n")
    }

    @Test func `the same request is answered the same in process`() throws {
        let house = try TestHouse()
        let made = house.application.perform(
            .post, "/api/test/notes", tenant: house.acme, body: Array(#"{"text":"from the command line"}"#.utf8))
        #expect(made.status == 201)
        let list = house.application.perform(.get, "/api/test/notes?x=1", tenant: house.acme)
        #expect(String(decoding: list.body, as: UTF8.self).contains("from the command line"))
        let export = house.application.perform(.get, "/api/test/export?lines=50000", tenant: house.acme)
        #expect(export.body.count > 400_000)
        let tenants = house.application.perform(.get, "/api/tenants")
        #expect(tenants.status == 200)
        let nobody = Principal(kind: .user, userID: 99, username: "nobody")
        #expect(house.application.perform(.get, "/api/test/notes", tenant: house.acme, as: nobody).status == 403)
        #expect(house.application.perform(.get, "/api/nothing", tenant: house.acme).status == 404)
    }
}
