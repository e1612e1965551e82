import Core
import Platform
import Server
import Testing

/// Health and the API's description.
@Suite struct DescriptionTests {
    @Test func `anybody may ask whether it is well, and learns no more than that`() throws {
        let house = try TestHouse()
        for host in ["acme.localhost", "globex.localhost", "127.0.0.1"] {
            let answer = try house.anonymous(host).get("/api/health")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"status":"ok"}"#)
            #expect(answer.header("content-type") == "application/json")
        }
        let known = try house.client(at: house.globex).get("/api/health").json
        #expect(known["tenant_id"] == .int(house.globex.id))
        #expect(known["name"] == "Globex")
        #expect(known["database"] == .string("tenants/\(house.globex.id)/tenant.db"))
    }

    @Test func `detailed health is for those who may see it`() throws {
        let house = try TestHouse()
        try house.user("kofi")
        #expect(try house.anonymous().get("/api/health/detailed").status == 401)
        #expect(try house.client("kofi").get("/api/health/detailed").status == 403)
        let health = try house.client().get("/api/health/detailed")
        #expect(health.status == 200)
        #expect(health.json["status"] == "ok")
        let names = health.json["components"]?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(Set(names).isSuperset(of: ["store", "disk", "readers", "workers"]))
        #expect(try house.operatorClient().get("/api/health/detailed").json["tenants"] == 2)
    }

    @Test func `the description has every route and no other`() throws {
        let house = try TestHouse()
        #expect(try house.anonymous().get("/openapi.json").status == 401)
        let document = try house.client().get("/openapi.json").json
        #expect(document["openapi"] == "3.1.0")
        var described: Set<String> = []
        for (path, item) in try #require(document["paths"]?.object) {
            for (method, _) in try #require(item.object) { described.insert("\(method.uppercased()) \(path)") }
        }
        let served = Set(house.application.tenantEndpoints.map { "\($0.method.rawValue) \($0.path.openAPI)" })
        #expect(described == served, "\(described.symmetricDifference(served))")
        let operators = try house.operatorClient().get("/openapi.json").json
        #expect(operators["paths"]?["/api/tenants"] != nil)
        #expect(document["paths"]?["/api/tenants"] == nil)
    }

    @Test func `every operation has a summary, an id of its own, a good answer and its parameters`() throws {
        let house = try TestHouse()
        let document = try house.client().get("/openapi.json").json
        var ids: Set<String> = []
        for (path, item) in try #require(document["paths"]?.object) {
            for (method, operation) in try #require(item.object) {
                let name = "\(method) \(path)"
                #expect(operation["summary"]?.string?.isEmpty == false, "\(name)")
                let isNew = ids.insert(operation["operationId"]?.string ?? "").inserted
                #expect(isNew, "\(name)")
                let statuses = operation["responses"]?.object?.keys ?? []
                #expect(statuses.contains { $0.hasPrefix("2") }, "\(name)")
                let parameters = operation["parameters"]?.array ?? []
                let inPath = parameters.filter { $0["in"] == "path" }.compactMap { $0["name"]?.string }
                let wanted = path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
                #expect(inPath == wanted, "\(name)")
                #expect(parameters.allSatisfy { $0["schema"] != nil && $0["example"] != nil }, "\(name)")
                if let body = operation["requestBody"], body["content"]?["application/json"] != nil {
                    #expect(body["content"]?["application/json"]?["example"] != nil, "\(name)")
                }
            }
        }
    }

    @Test func `an example of a request is one that its endpoint would read`() throws {
        let house = try TestHouse()
        for endpoint in house.application.tenantEndpoints + house.application.operatorEndpoints {
            guard let input = endpoint.documentation.input else { continue }
            #expect(throws: Never.self, "\(endpoint.method.rawValue) \(endpoint.path)") { try input.read(input.example) }
        }
    }

    @Test func `the description is not sent twice`() throws {
        let house = try TestHouse()
        let client = try house.client()
        let tag = try #require(try client.get("/openapi.json").header("etag"))
        #expect(try client.get("/openapi.json", headers: [("If-None-Match", tag)]).status == 304)
    }
}
