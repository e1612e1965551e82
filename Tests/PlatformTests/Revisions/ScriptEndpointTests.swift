import Core
import Platform
import Scripting
import Storage
import Testing

/// Rule files from draft to force and back.
@Suite struct ScriptEndpointTests {
    private static let path = "Rules/tax/gh-standard.lua"

    private func source(_ shop: Shop) throws -> String {
        try shop.call(.get, "/api/scripts/\(Self.path)").value["source"]?.string ?? ""
    }

    private func draft(_ shop: Shop, _ source: String, base: Int64? = nil) throws -> Value {
        var body: Object = ["source": .string(source), "message": "test"]
        if let base { body["base_version"] = .int(base) }
        return try shop.call(.put, "/api/scripts/\(Self.path)/draft", .object(body)).value
    }

    private func refusal(_ body: () throws -> Void) -> Problem? {
        do {
            try body()
            return nil
        } catch {
            return (error as? any ProblemConvertible)?.problem
        }
    }

    private func tax(_ shop: Shop) throws -> Int64 { try shop.sell(Shop.sale)["tax_amount"]?.int ?? -1 }

    @Test func `a draft begun on an older version is not published over a newer one`() throws {
        let shop = try Shop()
        let original = try source(shop)
        // Ama opens version 1; meanwhile Kofi publishes version 2; then Ama saves and publishes.
        _ = try shop.publish(Self.path) { $0 + "\n-- Kofi was here\n" }
        let saved = try draft(shop, "-- Ama was here\n" + original, base: 1)
        #expect(saved["base_version"] == 1 && saved["current_version"] == 2)
        let problem = refusal { _ = try shop.call(.post, "/api/scripts/\(Self.path)/publish") }
        #expect(problem?.status == 409 && problem?.code == "script.conflict")
        #expect(problem?.extra.first { $0.0 == "base_version" }?.1 == 1)
        #expect(problem?.extra.first { $0.0 == "current_version" }?.1 == 2)
        // Saving again without a word does not hide it.
        _ = try draft(shop, "-- Ama was here\n" + original)
        #expect(refusal { _ = try shop.call(.post, "/api/scripts/\(Self.path)/publish") }?.code == "script.conflict")
        // Rebased, both changes are in force.
        #expect(try shop.call(.post, "/api/scripts/\(Self.path)/rebase", [:]).value["base_version"] == 2)
        _ = try shop.call(.post, "/api/scripts/\(Self.path)/publish")
        let text = try source(shop)
        #expect(text.hasPrefix("-- Ama was here\n") && text.hasSuffix("-- Kofi was here\n"))
    }

    @Test func `a rebase that both sides contradict names the place, and keep takes the draft`() throws {
        let shop = try Shop()
        let original = try source(shop)
        let line = try #require(original.split(separator: "\n").first { $0.contains("\"VAT\"") }).description
        _ = try shop.publish(Self.path) { $0.replacing(line, with: line.replacing("0.15", with: "0.16")) }
        let mine = original.replacing(line, with: line.replacing("0.15", with: "0.17"))
        _ = try draft(shop, mine, base: 1)
        let problem = refusal { _ = try shop.call(.post, "/api/scripts/\(Self.path)/rebase", [:]) }
        #expect(problem?.code == "script.merge_conflict")
        let conflict = problem?.extra.first { $0.0 == "conflicts" }?.1.array?.first
        #expect(conflict?["draft"]?.string?.contains("0.17") == true && conflict?["current"]?.string?.contains("0.16") == true)
        #expect(try shop.call(.get, "/api/scripts/\(Self.path)").value["draft"]?["base_version"] == 1)
        _ = try shop.call(.post, "/api/scripts/\(Self.path)/rebase", ["how": "keep"])
        _ = try shop.call(.post, "/api/scripts/\(Self.path)/publish")
        #expect(try source(shop) == mine)
    }

    @Test func `a published rule changes the next sale, a request in flight keeps its revision`() throws {
        let shop = try Shop()
        let usual = try tax(shop)
        let before = try #require(shop.tenant.revisionSlot.current)
        _ = try shop.publish(Self.path) { $0.replacing("rate = \"0.15\"", with: "rate = \"0.20\"") }
        #expect(try tax(shop) > usual)
        // The request that arrived before the publish runs on what it arrived to.
        let route = try #require(before.endpoints.first { $0.path.description == "/api/sales" && $0.method == .post })
        let body = try #require(try route.documentation.input?.read(Shop.sale, currency: shop.tenant.currency))
        nonisolated(unsafe) let call = Call(
            endpoint: route, instance: shop.house.instance, tenant: shop.tenant, revision: before, principal: shop.cashier,
            body: body, requestID: "late", now: shop.house.now)
        let reply = try shop.tenant.store.write { db in try call.with(db) { try route.handle(call) } }
        #expect(reply.value["tax_amount"] == .int(usual))
    }

    @Test func `what is published survives reopening the store`() throws {
        let shop = try Shop()
        let usual = try tax(shop)
        _ = try shop.publish(Self.path) { $0.replacing("rate = \"0.15\"", with: "rate = \"0.20\"") }
        let raised = try tax(shop)
        let id = try #require(shop.tenant.revisionSlot.current?.id)
        shop.tenant.rest()
        let loaded = try shop.tenant.store.read { db in
            try ScriptThread.run { [db = Held(db)] in try RevisionLibrary(db.value).current() }
        }
        #expect(loaded.id == id && loaded.files[Self.path] == 2)
        _ = shop.tenant.revisionSlot.fill(loaded)
        #expect(try tax(shop) == raised && raised > usual)
    }

    @Test func `a rollback is a revision like others, and can be rolled back`() throws {
        let shop = try Shop()
        let usual = try tax(shop)
        _ = try shop.publish(Self.path) { $0.replacing("rate = \"0.15\"", with: "rate = \"0.20\"") }
        let raised = try tax(shop)
        #expect(try shop.call(.post, "/api/scripts/\(Self.path)/rollback", ["version": 1]).value["version"] == 1)
        #expect(try tax(shop) == usual)
        #expect(try shop.call(.post, "/api/scripts/\(Self.path)/rollback", ["version": 2]).value["version"] == 2)
        #expect(try tax(shop) == raised)
        #expect(refusal { _ = try shop.call(.post, "/api/scripts/\(Self.path)/rollback", ["version": 9]) }?.code == "script.version_unknown")
        let listed = try shop.call(.get, "/api/scripts/\(Self.path)/versions").value["items"]?.array
        #expect(listed?.map { $0["version"] } == [2, 1])
    }

    @Test func `of two publishes in one turn the second does not undo the first`() throws {
        let shop = try Shop()
        let other = "Rules/payments/standard.lua"
        for path in [Self.path, other] {
            let text = try shop.call(.get, "/api/scripts/\(path)").value["source"]?.string ?? ""
            _ = try shop.call(.put, "/api/scripts/\(path)/draft", ["source": .string(text + "\n-- changed\n")])
        }
        // Both calls begin on the revision of before, as two requests of one turn do.
        let revision = try #require(shop.tenant.revisionSlot.current)
        let endpoint = try #require(ScriptEndpoints.endpoints.first { $0.path.description.hasSuffix("/publish") })
        nonisolated(unsafe) let calls = [Self.path, other].map { path in
            Call(
                endpoint: endpoint, instance: shop.house.instance, tenant: shop.tenant, revision: revision,
                principal: shop.manager, parameters: ["path": path], body: [:], requestID: path, now: shop.house.now)
        }
        try shop.tenant.store.write { db in
            for call in calls { _ = try db.savepoint { try call.with(db) { try endpoint.handle(call) } } }
        }
        for call in calls { call.runAfterCommit() }
        let files = try #require(shop.tenant.revisionSlot.current).files
        #expect(files[Self.path] == 2 && files[other] == 2)
    }

    @Test func `a refused rule is told with file, line, field and message, and changes nothing`() throws {
        let shop = try Shop()
        let usual = try tax(shop)
        let before = try #require(shop.tenant.revisionSlot.current)
        let cases: [(String, String, String?)] = [
            ("return {", "script.compile", nil),
            ("error(\"no\")", "script.error", nil),
            (try source(shop).replacing("rate = \"0.15\"", with: "rate = 0.15"), "script.contract", "components"),
            (try source(shop).replacing("country = \"GH\"", with: "contry = \"GH\""), "script.contract", "contry"),
        ]
        for (text, code, field) in cases {
            let findings = try draft(shop, text)["findings"]?.array
            #expect(findings?.isEmpty == false, "\(code)")
            let checked = try shop.call(.post, "/api/scripts/\(Self.path)/check").value
            #expect(checked["ok"] == false && checked["findings"]?.array == findings)
            let problem = refusal { _ = try shop.call(.post, "/api/scripts/\(Self.path)/publish") }
            #expect(problem?.status == 422 && problem?.code == code, "\(problem.debugDescription)")
            #expect(problem?.extra.first { $0.0 == "file" }?.1 == .string(Self.path))
            #expect((problem?.extra.first { $0.0 == "line" }?.1.int ?? 0) > 0, "\(code)")
            #expect(problem?.extra.contains { $0.0 == "message" } == true)
            if let field { #expect(problem?.field?.hasPrefix(field) == true, "\(problem?.field ?? "")") }
        }
        #expect(shop.tenant.revisionSlot.current === before)
        #expect(try tax(shop) == usual)
    }

    @Test func `a result that cannot cross names the rule file`() throws {
        let shop = try Shop()
        _ = try shop.publish(Self.path) { text in
            text.replacing("classify = function(line)", with: "classify = function(line) do return function() end end")
        }
        let problem = refusal { _ = try shop.sell(Shop.sale) }
        #expect(problem?.detail.contains(Self.path) == true, "\(problem.debugDescription)")
    }

    @Test func `drafts are listed, compared and discarded`() throws {
        let shop = try Shop()
        _ = try draft(shop, try source(shop) + "\n-- more\n")
        let item = try shop.call(.get, "/api/scripts").value["items"]?.array?.first { $0["path"]?.string == Self.path }
        #expect(item?["has_draft"] == true && item?["published_by"]?.string != nil)
        let diff = try shop.call(.get, "/api/scripts/\(Self.path)/diff").value["diff"]?.string
        #expect(diff?.contains("+-- more") == true && diff?.contains("\n-") == false)
        // The shop's home is a folder without rules: nothing came with the program there.
        #expect(refusal { _ = try shop.call(.get, "/api/scripts/\(Self.path)/diff", query: [("to", "shipped")]) }?.code == "script.version_unknown")
        _ = try shop.call(.delete, "/api/scripts/\(Self.path)/draft")
        #expect(refusal { _ = try shop.call(.post, "/api/scripts/\(Self.path)/publish") }?.code == "script.no_draft")
        #expect(refusal { _ = try shop.call(.delete, "/api/scripts/\(Self.path)/draft") }?.code == "script.no_draft")
    }

    @Test(arguments: ["rules/a.lua", "Rules/../a.lua", "Rules/a", "Rules//a.lua", "Rules/.a.lua", "Rules/a b.lua", "Rules/a/b/c/d/e.lua"])
    func `a path that is no rule file's is refused`(path: String) throws {
        let shop = try Shop()
        let problem = refusal {
            try shop.tenant.store.write { db in
                let revision = try RevisionLibrary(db).current()
                try Scripts(db, revision: revision, currency: Currency("GHS"), country: "GH").saveDraft(
                    path, source: [], message: "", author: Scripts.Author(id: 1, name: "ama"), now: Instant("2026-01-05T09:00:00.000Z"))
            }
        }
        #expect(problem?.code == "script.path_invalid")
    }
}

/// A connection on its way to a thread of its own, which the caller waits for.
private struct Held: @unchecked Sendable {
    // The sender waits until the receiver is done.
    let value: Connection
    init(_ value: Connection) { self.value = value }
}
