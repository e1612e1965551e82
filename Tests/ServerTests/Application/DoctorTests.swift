import Core
import Platform
import Server
import Storage
import Testing

/// What operators and admins can ask about how it is.
@Suite struct DoctorTests {
    @Test func `a business in good health, and one whose table was changed by hand`() throws {
        let house = try TestHouse(home: TestHouse.shippedHome)
        let client = try house.client()
        for plugin in ["accounting", "catalog"] { try #require(try client.post("/api/plugins", ["name": .string(plugin)]).status == 200) }
        let well = try client.get("/api/doctor")
        #expect(well.json["ok"] == true, "\(well.text)")
        let items = well.json["items"]?.array?.compactMap { $0["what"]?.string } ?? []
        #expect(items.contains("database") && items.contains("revision") && items.contains("plugin catalog"))
        try house.acme.store.write { db in try db.execute(script: "ALTER TABLE catalog_products RENAME COLUMN name TO title") }
        let ill = try client.get("/api/doctor").json
        #expect(ill["ok"] == false)
        let finding = ill["items"]?.array?.first { $0["ok"] == false }
        #expect(finding?["what"] == "plugin catalog" && finding?["detail"]?.string?.contains("catalog_products") == true)
        try house.user("kofi")
        #expect(try house.client("kofi").get("/api/doctor").status == 403)
    }

    @Test func `the operator sees folders, keys and databases`() throws {
        let house = try TestHouse(home: TestHouse.shippedHome)
        let answer = try house.operatorClient().get("/api/doctor")
        let items = answer.json["items"]?.array?.compactMap { $0["what"]?.string } ?? []
        #expect(items.contains("acme.localhost database") && items.contains("keys/signing.key"), "\(answer.text)")
        #expect(try house.client().get("/api/doctor").json["items"]?.array?.contains { $0["what"] == "keys/signing.key" } == false)
    }

    @Test func `a business reads its own lines of the log and no other's`() throws {
        let house = try TestHouse()
        try Files.createDirectory("\(house.folder)/log")
        let lines = [
            "{\"level\":\"info\",\"event\":\"request\",\"request_id\":\"a1\",\"tenant\":\(house.acme.id)}",
            "{\"level\":\"error\",\"event\":\"request\",\"request_id\":\"g1\",\"tenant\":\(house.globex.id)}",
            "{\"level\":\"info\",\"event\":\"started\"}", "half a line",
            "{\"level\":\"error\",\"event\":\"script.log\",\"plugin\":\"layby\",\"run\":\"a2\",\"tenant\":\(house.acme.id)}",
        ]
        try Files.writeAtomically("\(house.folder)/log/kontor.log", lines.joined(separator: "\n") + "\n")
        let acme = try house.client()
        func ids(_ answer: WebClient.Answer) -> [String] {
            answer.json["items"]?.array?.compactMap { $0["request_id"]?.string ?? $0["run"]?.string ?? $0["event"]?.string } ?? []
        }
        #expect(ids(try acme.get("/api/logs")) == ["a1", "a2"])
        #expect(ids(try acme.get("/api/logs?request=g1")) == [])
        #expect(ids(try acme.get("/api/logs?level=error")) == ["a2"])
        #expect(ids(try acme.get("/api/logs?module=layby&level=error")) == ["a2"])
        #expect(ids(try acme.get("/api/logs?module=pos")) == [])
        #expect(ids(try acme.get("/api/logs?lines=1")) == ["a2"])
        #expect(try acme.get("/api/logs?lines=0").status == 422)
        #expect(ids(try house.operatorClient().get("/api/logs")) == ["a1", "g1", "started", "a2"])
    }
}
