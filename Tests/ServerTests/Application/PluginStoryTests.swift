import Core
import Platform
import Scripting
import Server
import TestSupport
import Testing

/// A consultant's plugin on a running server: packed, signed, installed over the API, used, upgraded with a change of its tables,
/// rolled back, and taken out.
@Suite struct PluginStoryTests {
    private static let stories = Repository.home + "/Tests/Stories"

    private static func files(_ folders: String...) throws -> [String: [UInt8]] {
        try folders.reduce(into: [:]) { files, folder in
            files.merge(try PluginFiles.read(folder: "\(stories)/\(folder)")) { $1 }
        }
    }

    private func pack(_ files: [String: [UInt8]], _ key: SigningKey) throws -> [UInt8] {
        try ScriptThread.run { try PluginArchive.pack(files, key: key) }
    }

    private func upload(_ client: WebClient, _ archive: [UInt8]) throws -> Value {
        let answer = try client.send("POST", "/api/plugin-archives", headers: [("Content-Type", "application/gzip")], body: archive)
        try #require(answer.status == 201, "\(answer.text)")
        return answer.json
    }

    @Test func `equipment rental, from the archive to the purge`() throws {
        let house = try TestHouse(home: TestHouse.shippedHome)
        let client = try house.client()
        try #require(try client.post("/api/plugins", ["name": "accounting"]).status == 200)
        let key = SigningKey.generate()

        // Packed and signed, uploaded: the plan says what would be there.
        let first = try pack(try Self.files("rental"), key)
        let uploaded = try upload(client, first)
        let plan = try #require(uploaded["plan"])
        #expect(plan["action"] == "install" && plan["consents"] == ["capabilities", "publisher_key"])
        #expect(plan["publisher"]?["key"] == .string(key.verifyingKey.fingerprint))
        let tables = plan["tables"]?.array?.compactMap { $0["table"]?.string } ?? []
        #expect(tables == ["rental_assets", "rental_hires"])
        #expect(plan["rules"] == ["Rules/rental/standard.lua"])
        #expect(try client.get("/api/rental-assets").status == 404)
        #expect(try client.get("/api/plugin-archives").json["items"]?.array?.count == 1)

        // Tried out on a copy: nothing changes. Then installed, with consent.
        let archive = try #require(uploaded["archive"]?.string)
        let rehearsal = try client.post("/api/plugin-archives/\(archive)/rehearsal", [:])
        #expect(rehearsal.status == 200, "\(rehearsal.text)")
        #expect(try client.get("/api/rental-assets").status == 404)
        var order: Object = ["archive": .string(archive), "plan": plan["digest"] ?? .null]
        let refused = try client.post("/api/plugins/rental/install", .object(order))
        #expect(refused.status == 409 && refused.code == "plugin.consent_needed", "\(refused.text)")
        order["consents"] = ["capabilities", "publisher_key"]
        #expect(try client.post("/api/plugins/accounting/install", .object(order)).code == "plugin.name")
        let installed = try client.post("/api/plugins/rental/install", .object(order))
        try #require(installed.status == 200, "\(installed.text)")
        #expect(try client.get("/api/plugin-archives").json["items"] == [])
        #expect(try client.get("/api/plugin-publishers").json["items"]?.array?.first?["name"] == "rentals.example")

        // Used.
        let ladder = try client.post("/api/rental-assets", ["code": "LADDER-1", "title": "Ladder", "daily_rate": 1000])
        try #require(ladder.status == 201, "\(ladder.text)")
        let hire = try client.post("/api/rentals", ["asset": "LADDER-1", "customer": "Efua", "days": 3])
        try #require(hire.status == 201, "\(hire.text)")
        #expect(hire.json["number"] == "RNT-2026-00001" && hire.json["fee"] == 3000 && hire.json["due_on"] == "2026-01-08")
        #expect(hire.json["rules"] == "Rules/rental/standard.lua@1")
        #expect(try client.post("/api/rentals", ["asset": "LADDER-1", "customer": "Kofi", "days": 1]).code == "rental.not_in")
        house.advance(seconds: 5 * 86_400)
        #expect(try client.post("/api/rentals/overdue", [:]).json["marked"] == 1)
        let id = try #require(hire.json["id"]?.int)
        let back = try client.post("/api/rentals/\(id)/return", [:])
        #expect(back.json["late_fee"] == 3000, "\(back.text)")
        #expect(try client.get("/api/ledger/trial-balance").json["balanced"] == true)
        #expect(try client.get("/openapi.json").json["paths"]?["/api/rentals"] != nil)

        // Upgraded: two new fields, one filled in by a migration, and one more status.
        let second = try pack(try Self.files("rental", "rental-1.1"), key)
        let next = try upload(client, second)
        #expect(next["plan"]?["consents"] == [] && next["plan"]?["action"] == "upgrade")
        let changes = Set(next["plan"]?["tables"]?.array?.compactMap { $0["change"]?.string } ?? [])
        #expect(changes == ["add_column", "change_column", "backfill", "create_index"], "\(changes)")
        let upgraded = try client.post(
            "/api/plugins/rental/install", ["archive": next["archive"] ?? .null, "plan": next["plan"]?["digest"] ?? .null])
        try #require(upgraded.status == 200, "\(upgraded.text)")
        let asset = try #require(try client.get("/api/rental-assets").json["items"]?.array?.first)
        #expect(asset["tag"] == "LADDER-1/1" && asset["deposit"] == 0)
        #expect(try client.send("PATCH", "/api/rental-assets/1", ["status": "REPAIR"]).status == 200)

        // Rolled back: not while a row has the status that the old version does not know.
        let stuck = try client.post("/api/plugins/rental/rollback", [:])
        #expect(stuck.status == 409 && stuck.code == "plugin.data_breaks", "\(stuck.text)")
        #expect(try client.send("PATCH", "/api/rental-assets/1", ["status": "IN"]).status == 200)
        let rolled = try client.post("/api/plugins/rental/rollback", [:])
        try #require(rolled.status == 200 && rolled.json["version"] == "1.0.0", "\(rolled.text)")
        #expect(try client.get("/api/rental-assets").json["items"]?.array?.first?["tag"] == nil)
        #expect(try client.post("/api/rentals", ["asset": "LADDER-1", "customer": "Ama", "days": 1]).status == 201)
        let history = try client.get("/api/plugins/rental").json["history"]?.array?.compactMap { $0["action"]?.string }
        #expect(history == ["rolled_back", "upgraded", "installed"])

        // What it stands on stays; it goes itself, its data stays, until somebody types its name.
        #expect(try client.post("/api/plugins/accounting/uninstall", [:]).code == "plugin.needed")
        #expect(try client.get("/api/plugins/rental/uninstall").json["keeps"]?.array?.count == 2)
        #expect(try client.post("/api/plugins/rental/uninstall", [:]).status == 200)
        #expect(try client.get("/api/rental-assets").status == 404)
        #expect(try client.post("/api/rentals", ["asset": "LADDER-1", "customer": "Ama", "days": 1]).status == 404)
        let export = try client.get("/api/removed-plugins/rental/export")
        #expect(export.text.split(separator: "\n").count == 3, "\(export.text)")
        #expect(try client.post("/api/removed-plugins/rental/purge", ["name": "rentals"]).status == 422)
        #expect(try client.post("/api/removed-plugins/rental/purge", ["name": "rental"]).status == 204)
        #expect(try client.get("/api/removed-plugins/rental/export").status == 404)
        #expect(try client.get("/api/ledger/trial-balance").json["balanced"] == true)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
    }

    @Test func `an archive that was changed, or is none, is refused and kept nowhere`() throws {
        let house = try TestHouse(home: TestHouse.shippedHome)
        let client = try house.client()
        var archive = try pack(try Self.files("rental"), .generate())
        archive[archive.count / 2] ^= 1
        func send(_ bytes: [UInt8], _ type: String = "application/gzip") throws -> WebClient.Answer {
            try client.send("POST", "/api/plugin-archives", headers: [("Content-Type", type)], body: bytes)
        }
        #expect(try send(archive).status == 422)
        #expect(try send([]).status == 422)
        #expect(try send(Array("hello".utf8)).code == "plugin.archive_invalid")
        #expect(try send(archive, "text/plain").status == 415)
        #expect(try client.get("/api/plugin-archives").json["items"] == [])
        #expect(try client.post("/api/plugin-archives/abc/rehearsal", [:]).status == 404)
    }

    @Test func `who may not publish may not install`() throws {
        let house = try TestHouse(home: TestHouse.shippedHome)
        try house.user("kofi", roles: ["cashier"])
        let kofi = try house.client("kofi")
        let archive = try pack(try Self.files("rental"), .generate())
        let answer = try kofi.send("POST", "/api/plugin-archives", headers: [("Content-Type", "application/gzip")], body: archive)
        #expect(answer.status == 403)
        for path in ["/api/plugins", "/api/plugins/rental/install", "/api/plugins/rental/rollback", "/api/plugins/rental/uninstall"] {
            #expect(try kofi.post(path, [:]).status == 403, "\(path)")
        }
    }
}
