import Core
import Platform
import Server
import Testing

@Suite struct IdempotencyOverHTTPTests {
    private func notes(_ client: WebClient) throws -> [String] {
        try client.get("/api/test/notes").json["items"]?.array?.compactMap { $0["text"]?.string } ?? []
    }

    @Test func `the same request under the same key is answered, not carried out again`() throws {
        let house = try TestHouse()
        let client = try house.client()
        let first = try client.post("/api/test/notes", ["text": "a"], key: "k1")
        let again = try client.post("/api/test/notes", ["text": "a"], key: "k1")
        #expect(first.status == 201 && again.status == 201)
        #expect(first.body == again.body)
        #expect(first.header("idempotency-replayed") == nil)
        #expect(again.header("idempotency-replayed") == "true")
        #expect(again.header("content-type") == "application/json")
        #expect(try notes(client) == ["a"])
        // another key is another request
        #expect(try client.post("/api/test/notes", ["text": "a"], key: "k2").status == 201)
        #expect(try notes(client) == ["a", "a"])
    }

    @Test func `the same key for something else is refused, and the first answer stays`() throws {
        let house = try TestHouse()
        let client = try house.client()
        let first = try client.post("/api/test/notes", ["text": "a"], key: "k1")
        let other = try client.post("/api/test/notes", ["text": "b"], key: "k1")
        #expect(other.status == 409)
        #expect(other.code == "DUPLICATE_TRANSACTION")
        #expect(try client.post("/api/test/notes", ["text": "a"], key: "k1").body == first.body)
        #expect(try notes(client) == ["a"])
    }

    @Test(arguments: [409, 422, 423])
    func `a refusal that was decided in the transaction sticks to its key`(status: Int) throws {
        let house = try TestHouse()
        let client = try house.client()
        let body: Value = ["text": "a", "refuse": .int(Int64(status))]
        let first = try client.post("/api/test/notes", body, key: "k1")
        #expect(first.status == status)
        let again = try client.post("/api/test/notes", body, key: "k1")
        #expect(again.status == status)
        #expect(again.header("idempotency-replayed") == "true")
        #expect(again.body == first.body)
        #expect(again.header("content-type") == "application/problem+json")
    }

    @Test func `a refusal before the transaction, or by a fault, does not stick`() throws {
        let house = try TestHouse()
        let client = try house.client()
        #expect(try client.post("/api/test/notes", ["wrong": "a"], key: "k1").status == 422)
        #expect(try client.post("/api/test/notes", ["text": "a"], key: "k1").status == 201)
        #expect(try client.post("/api/test/notes", ["text": "b", "break": true], key: "k2").status == 500)
        #expect(try client.post("/api/test/notes", ["text": "b"], key: "k2").status == 201)
        #expect(try client.post("/api/test/notes", ["text": "c", "refuse": 403], key: "k3").status == 403)
        #expect(try client.post("/api/test/notes", ["text": "c"], key: "k3").status == 201)
        #expect(try notes(client) == ["a", "b", "c"])
    }

    @Test func `a key belongs to its user and its tenant`() throws {
        let house = try TestHouse()
        try house.user("kofi", roles: ["admin"])
        let ada = try house.client()
        let kofi = try house.client("kofi")
        let other = try house.client(at: house.globex)
        for client in [ada, kofi, other] {
            let answer = try client.post("/api/test/notes", ["text": "a"], key: "k1")
            #expect(answer.status == 201)
            #expect(answer.header("idempotency-replayed") == nil)
        }
        #expect(try notes(ada) == ["a", "a"])
        #expect(try notes(other) == ["a"])
    }

    @Test(arguments: ["", String(repeating: "k", count: 256), "with blank"])
    func `a key that is none is refused`(key: String) throws {
        let house = try TestHouse()
        #expect(try house.client().post("/api/test/notes", ["text": "a"], key: key).status == 400)
    }

    @Test func `many callers with one key at once: one is served, the others get its answer`() async throws {
        let house = try TestHouse()
        let token = try house.token()
        let port = house.port
        let answers = await withTaskGroup(of: (Int, [UInt8]).self, returning: [(Int, [UInt8])].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let client = WebClient(port: port, host: "acme.localhost", token: token)
                    let answer = try? client.post("/api/test/notes", ["text": "a"], key: "k1")
                    return (answer?.status ?? 0, answer?.body ?? [])
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.0 == 201 && $0.1 == answers[0].1 })
        #expect(try notes(house.client()) == ["a"])
    }
}
