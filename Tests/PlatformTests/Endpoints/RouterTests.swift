import Platform
import Testing

@Suite struct RouterTests {
    private func router(_ routes: [(Endpoint.Method, PathTemplate)]) -> Router<String> {
        Router(routes.map { (method: $0.0, path: $0.1, target: "\($0.0.rawValue) \($0.1)") })
    }

    private func found(_ router: Router<String>, _ method: Endpoint.Method, _ path: String) -> String? {
        guard case .found(let target, let parameters) = router.match(method, path) else { return nil }
        return parameters.isEmpty
            ? target : target + " " + parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    private var sample: Router<String> {
        router([
            (.get, "/"), (.get, "/api/laybys"), (.post, "/api/laybys"), (.get, "/api/laybys/{id}"),
            (.get, "/api/laybys/automation"), (.post, "/api/laybys/automation/run"), (.post, "/api/laybys/{id}/{move}"),
            (.delete, "/api/laybys/{layby}/payments/{pid}"), (.get, "/api/sequences/{id}/next_number/"),
            (.get, "/api/scripts/{path...}"), (.post, "/api/scripts/{path...}/publish"), (.get, "/w/{digest}/{file...}"),
            (.get, "/api/longliteral1"), (.get, "/api/longliteral2"), (.get, "/api/longlite"),
        ])
    }

    @Test(arguments: [
        ("GET", "/", "GET /"),
        ("GET", "/api/laybys", "GET /api/laybys"),
        ("GET", "/api/laybys/", "GET /api/laybys"),
        ("POST", "/api/laybys", "POST /api/laybys"),
        ("GET", "/api/laybys/17", "GET /api/laybys/{id} id=17"),
        ("GET", "/api/laybys/automation", "GET /api/laybys/automation"),
        ("POST", "/api/laybys/automation/run", "POST /api/laybys/automation/run"),
        // the literal branch ends blind, the parameter's goes on
        ("POST", "/api/laybys/automation/hold", "POST /api/laybys/{id}/{move} id=automation move=hold"),
        ("POST", "/api/laybys/17/hold", "POST /api/laybys/{id}/{move} id=17 move=hold"),
        ("DELETE", "/api/laybys/17/payments/3", "DELETE /api/laybys/{layby}/payments/{pid} layby=17 pid=3"),
        ("GET", "/api/sequences/INV/next_number/", "GET /api/sequences/{id}/next_number/ id=INV"),
        ("GET", "/api/sequences/INV/next_number", "GET /api/sequences/{id}/next_number/ id=INV"),
        ("GET", "/api/scripts/layby/clothing.lua", "GET /api/scripts/{path...} path=layby/clothing.lua"),
        ("POST", "/api/scripts/a/b/publish", "POST /api/scripts/{path...}/publish path=a/b"),
        ("POST", "/api/scripts/publish/publish", "POST /api/scripts/{path...}/publish path=publish"),
        ("GET", "/api/longliteral2", "GET /api/longliteral2"),
        ("GET", "/api/longlite", "GET /api/longlite"),
        ("GET", "/api/laybys/Größe", "GET /api/laybys/{id} id=Größe"),
    ])
    func `a path finds its route and the values of its parameters`(method: String, path: String, expected: String) {
        #expect(found(sample, Endpoint.Method(rawValue: method)!, path) == expected)
    }

    @Test(arguments: [
        "", "api/laybys", "//", "//api/laybys", "/api//laybys", "/api", "/api/laybysx", "/api/layby", "/api/laybys//",
        "/api/laybys/1/2/3/4", "/api/scripts", "/api/scripts/", "/api/scripts//x", "/api/longliteral", "/api/longliteral3",
        "/w/abc", "/API/laybys",
    ])
    func `a path that fits no route finds nothing`(path: String) {
        for method in Endpoint.Method.allCases {
            guard case .none = sample.match(method, path) else {
                Issue.record("\(method) \(path) found something")
                continue
            }
        }
    }

    @Test func `a known path with another method names the methods that it takes`() {
        guard case .otherMethods(let methods) = sample.match(.delete, "/api/laybys") else {
            Issue.record("no 405")
            return
        }
        #expect(methods == [.get, .post])
        guard case .otherMethods(let scripts) = sample.match(.put, "/api/scripts/a/publish") else {
            Issue.record("no 405")
            return
        }
        #expect(scripts == [.get, .post])
    }

    @Test func `routes that answer the same requests are reported and the first one stays`() {
        let router = router([
            (.get, "/api/a/{id}"), (.get, "/api/a/{name}"), (.post, "/api/a/{name}"), (.get, "/api/a/{rest...}"),
            (.get, "/api/b/{x...}/c/{y...}"), (.get, "/api/c/{x}/{x}"), (.get, "api/d"), (.get, "/api/e/{}"),
        ])
        #expect(router.conflicts.map(\.refused.description) == ["/api/a/{name}", "/api/b/{x...}/c/{y...}", "/api/c/{x}/{x}", "api/d", "/api/e/{}"])
        #expect(router.conflicts[0].existing?.description == "/api/a/{id}")
        #expect(router.conflicts[0].message == "GET /api/a/{name} answers the same requests as GET /api/a/{id}.")
        #expect(found(router, .get, "/api/a/1") == "GET /api/a/{id} id=1")
        #expect(router.targets.count == 3)
    }

    /// A slow router that reads its rules off the documentation, compared on random tables and paths.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `it decides as a plain search over all routes does`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let words = ["a", "b", "ab", "abcdefgh", "abcdefghi", "abcdefghj"]
        for round in 0..<200 {
            var templates: [(Endpoint.Method, PathTemplate)] = []
            for _ in 0..<Int.random(in: 1...14, using: &random) {
                var text = ""
                var rest = false
                for place in 0..<Int.random(in: 1...4, using: &random) {
                    switch Int.random(in: 0...9, using: &random) {
                    case 0...5: text += "/" + words.randomElement(using: &random)!
                    case 6...8: text += "/{p\(place)}"
                    default:
                        text += rest ? "/{p\(place)}" : "/{p\(place)...}"
                        rest = true
                    }
                }
                templates.append(([.get, .post].randomElement(using: &random)!, PathTemplate(text)))
            }
            let router = router(templates)
            for _ in 0..<30 {
                var parts: [String] = []
                for _ in 0..<Int.random(in: 1...6, using: &random) { parts.append(words.randomElement(using: &random)!) }
                let path = "/" + parts.joined(separator: "/")
                let slow = slowMatch(templates, .get, parts)
                #expect(found(router, .get, path) == slow, "seed \(seed), round \(round), \(path), \(templates)")
            }
        }
    }

    /// Ranks every way of fitting every route: literal 0, parameter 1, rest 2 and its length, from left to right.
    private func slowMatch(_ routes: [(Endpoint.Method, PathTemplate)], _ method: Endpoint.Method, _ parts: [String]) -> String? {
        var best: (rank: [Int], text: String)?
        for (at, template) in routes where at == method {
            for (rank, values) in ways(template.segments[...], parts[...]) {
                if let held = best, !rank.lexicographicallyPrecedes(held.rank) { continue }
                let target = "\(at.rawValue) \(template)"
                let list = zip(template.parameterNames, values).sorted { $0.0 < $1.0 }.map { "\($0)=\($1)" }
                best = (rank, list.isEmpty ? target : target + " " + list.joined(separator: " "))
            }
        }
        return best?.text
    }

    private func ways(_ segments: ArraySlice<PathTemplate.Segment>, _ parts: ArraySlice<String>) -> [([Int], [String])] {
        guard let segment = segments.first else { return parts.isEmpty ? [([], [])] : [] }
        guard let part = parts.first else { return [] }
        switch segment {
        case .literal(let text):
            return text == part ? ways(segments.dropFirst(), parts.dropFirst()).map { ([0] + $0.0, $0.1) } : []
        case .parameter:
            return ways(segments.dropFirst(), parts.dropFirst()).map { ([1] + $0.0, [part] + $0.1) }
        case .rest:
            return (1...parts.count).flatMap { length in
                ways(segments.dropFirst(), parts.dropFirst(length)).map {
                    ([2, length] + $0.0, [parts.prefix(length).joined(separator: "/")] + $0.1)
                }
            }
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
