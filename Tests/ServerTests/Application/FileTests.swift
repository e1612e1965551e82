import Core
import Platform
import Testing

/// Files over HTTP: bytes as they are, both ways.
@Suite struct FileTests {
    @Test func `a file is sent and had as it is, and only saved by browsers`() throws {
        let house = try TestHouse(home: TestHouse.shippedHome)
        let client = try house.client()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        func send(_ bytes: [UInt8], _ headers: [(String, String)] = [("Content-Type", "image/PNG")], name: String = "photo.png") throws -> WebClient.Answer {
            try client.send("POST", "/api/files?name=\(name)", headers: headers, body: bytes)
        }
        let sent = try send(bytes)
        #expect(sent.status == 201 && sent.json["size"] == 300_000 && sent.json["media_type"] == "image/png" && sent.json["name"] == "photo.png")
        #expect(sent.json["sha256"]?.string == Digest.hex(Digest.sha256(bytes)))
        let id = try #require(sent.json["id"]?.int)
        let got = try client.get("/api/files/\(id)")
        #expect(got.status == 200 && got.body == bytes)
        func all(_ name: String) -> [String] { got.headers.filter { $0.0.lowercased() == name }.map(\.1) }
        #expect(all("content-type") == ["image/png"] && all("x-content-type-options") == ["nosniff"])
        #expect(all("content-disposition").first?.hasPrefix("attachment; filename=\"photo.png\"") == true)
        let tag = try #require(all("etag").first)
        #expect(try client.get("/api/files/\(id)", headers: [("If-None-Match", tag)]).status == 304)
        // The same key is the same file.
        let once = try send([1, 2, 3], [("Content-Type", "a/b"), ("Idempotency-Key", "k1")])
        #expect(try send([1, 2, 3], [("Content-Type", "a/b"), ("Idempotency-Key", "k1")]).json["id"] == once.json["id"])
        // Without a type it is bytes; an empty one is a file, too.
        #expect(try send([], []).json["media_type"] == "application/octet-stream")
        #expect(try send([1], [("Content-Type", "text/<b>")]).code == "file.media_type")
    }

    @Test func `what is too large is refused`() throws {
        let house = try TestHouse(home: TestHouse.shippedHome)
        let client = try house.client()
        let large = [UInt8](repeating: 7, count: 8 << 20)
        #expect(try client.send("POST", "/api/files?name=x", headers: [("Content-Type", "a/b")], body: large).status == 201)
        let answer = try client.send("POST", "/api/files?name=x", headers: [("Content-Type", "a/b")], body: large + [7])
        #expect(answer.status == 413 && answer.code == "file.too_large")
    }

    @Test func `nobody has files without signing in`() throws {
        let house = try TestHouse(home: TestHouse.shippedHome)
        let client = try house.client()
        let id = try #require(client.send("POST", "/api/files?name=x", headers: [("Content-Type", "a/b")], body: [1]).json["id"]?.int)
        let stranger = try house.client()
        stranger.token = nil
        stranger.cookie = nil
        #expect(try stranger.get("/api/files/\(id)").status == 401)
        #expect(try stranger.send("POST", "/api/files?name=x", headers: [("Content-Type", "a/b")], body: [1]).status == 401)
        try house.user("kofi", roles: ["cashier"])
        #expect(try house.client("kofi").get("/api/files/\(id)").code == "file.not_found")
        #expect(try client.get("/api/files/abc").status == 404)
    }
}
