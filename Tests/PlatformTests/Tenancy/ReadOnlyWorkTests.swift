import Core
import Platform
import Storage
import Testing

/// What is due at a tenant that only reads.
@Suite struct ReadOnlyWorkTests {
    private static let chores = Works.chores([
        "plugin.lua": """
            return { name = "chores", version = "1.0.0", permissions = { { "chores.do" } },
              capabilities = { http = { "POST https://api.acme.test/v1/*" } } }
            """,
        "routes/act.lua": """
            return { method = "POST", path = "/api/act", permission = "chores.do", run = function(req)
              return { id = http.send { method = "POST", url = "https://api.acme.test/v1/points", json = { points = 3 } } }
            end }
            """,
    ])

    @Test func `messages wait while a business is frozen, also one that was asleep, and leave once it is thawed`() throws {
        let works = try Works(Self.chores)
        _ = try works.call(.post, "/api/act")
        try ReadOnly.begin(works.tenant, .freeze, actor: works.house.actor, reason: "stock is wrong")
        works.tenant.wake()
        works.settle()
        #expect(works.outside.current.requests.isEmpty)
        works.tenant.rest()
        works.tenant.wake()
        works.settle()
        #expect(works.outside.current.requests.isEmpty)
        try ReadOnly.end(works.tenant, actor: works.house.actor, reason: "counted")
        works.settle()
        #expect(works.outside.current.requests.count == 1)
    }

    @Test func `nothing is installed at a business that was frozen while the plugin was tried out`() throws {
        let works = try Works(Self.chores)
        try ReadOnly.begin(works.tenant, .freeze, actor: works.house.actor, reason: "stock is wrong")
        #expect(throws: Problem.self) { try works.call(.post, "/api/plugins/chores/uninstall") }
        #expect(try works.tenant.store.read { db in try RevisionLibrary(db).current().plugins.packages.map(\.name) } == ["chores"])
    }
}
