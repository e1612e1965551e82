import Core
import Storage

/// `/api/scripts`: the rule files of the tenant, their versions and drafts, check, publish and rollback.
///
/// The path of a script is part of the URL: `/api/scripts/Rules/tax/gh-standard.lua/publish`.
package enum ScriptEndpoints {
    package static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/api/scripts", access: .permission("scripts.view"), execution: .read,
            documentation: .init("List the rule files", tag: "Scripts", replies: [.init(200, "The files", .object([.init("items", .array(.any), required: true), .init("next_cursor", .nullable(.string()))]))])
        ) { call in Reply(200, ["items": .array(try scripts(call).list()), "next_cursor": .null]) },
        Endpoint(
            .get, "/api/scripts/{path...}", access: .permission("scripts.view"), execution: .read,
            documentation: .init("Read a rule file: what is in force, and the draft", tag: "Scripts", replies: [.init(200, "The file", .any)])
        ) { call in Reply(200, try scripts(call).get(path(call))) },
        Endpoint(
            .get, "/api/scripts/{path...}/versions", access: .permission("scripts.view"), execution: .read,
            documentation: .init("List the versions of a rule file", tag: "Scripts", replies: [.init(200, "Newest first", .any)])
        ) { call in
            let items = try scripts(call).versions(path(call)).map { version -> Value in
                [
                    "version": .int(version.version), "hash": .string(version.hash), "message": .string(version.message),
                    "author": .string(version.author), "created_at": .string(version.createdAt),
                ]
            }
            return Reply(200, ["items": .array(items), "next_cursor": .null])
        },
        Endpoint(
            .get, "/api/scripts/{path...}/diff", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "Compare two versions of a rule file", tag: "Scripts",
                query: [
                    .init("from", .string(), "A version, “current”, “draft” or “shipped”; “current” if left out."),
                    .init("to", .string(), "A version, “current”, “draft” or “shipped”; “draft” if left out."),
                ], replies: [.init(200, "The difference, line by line", .object([.init("diff", .string())]))])
        ) { call in
            let scripts = try scripts(call)
            let from = call.queryValue("from") ?? "current"
            let to = call.queryValue("to") ?? "draft"
            let old = String(decoding: try source(scripts, named: from, call), as: UTF8.self)
            let new = String(decoding: try source(scripts, named: to, call), as: UTF8.self)
            return Reply(200, [
                "path": .string(path(call)), "from": .string(from), "to": .string(to),
                "diff": .string(LineDifference.unified(from: old, to: new)),
            ])
        },
        Endpoint(
            .put, "/api/scripts/{path...}/draft", access: .permission("scripts.edit"), execution: .write,
            documentation: .init(
                "Save a draft; it need not load yet", tag: "Scripts", input: .object(draftMembers), replies: [.init(200, "Saved", .any)])
        ) { call in
            let scripts = try scripts(call)
            try scripts.saveDraft(
                path(call), source: Array((call.body["source"]?.string ?? "").utf8), message: call.body["message"]?.string ?? "",
                base: call.body["base_version"]?.int, author: author(call), now: call.now)
            try Audit.append(call.database, call.actingUser, "script.draft_saved", object: ("script", path(call)))
            return Reply(200, [
                "path": .string(path(call)), "base_version": .int(try scripts.draft(path(call))?.baseVersion ?? 0),
                "current_version": .int(try scripts.inForce(path(call))), "findings": .array(try scripts.check(path(call)).map(\.value)),
            ])
        },
        Endpoint(
            .post, "/api/scripts/{path...}/rebase", access: .permission("scripts.edit"), execution: .write,
            documentation: .init(
                "Put the draft on the version in force, after another was published", tag: "Scripts",
                input: .object([
                    .init(
                        "how", .string(allowed: ["merge", "keep"]),
                        "merge (if left out) brings the draft's changes into the version in force; keep takes the draft as it is.")
                ]), replies: [.init(200, "The draft stands on the version in force", .any)])
        ) { call in
            let scripts = try scripts(call)
            let how = call.body["how"]?.string.flatMap(Scripts.Rebase.init(rawValue:)) ?? .merge
            let base = try scripts.rebase(path(call), how, author: author(call), now: call.now)
            try Audit.append(
                call.database, call.actingUser, "script.draft_rebased", object: ("script", path(call)),
                after: ["base_version": .int(base), "how": .string(how.rawValue)])
            return Reply(200, ["path": .string(path(call)), "base_version": .int(base), "findings": .array(try scripts.check(path(call)).map(\.value))])
        },
        Endpoint(
            .delete, "/api/scripts/{path...}/draft", access: .permission("scripts.edit"), execution: .write,
            documentation: .init("Discard the draft", tag: "Scripts", replies: [.init(204, "Discarded")])
        ) { call in
            try scripts(call).discardDraft(path(call))
            try Audit.append(call.database, call.actingUser, "script.draft_discarded", object: ("script", path(call)))
            return .noContent
        },
        Endpoint(
            .post, "/api/scripts/{path...}/check", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "Check the draft: syntax, names, phases, contract, floats in money", tag: "Scripts",
                replies: [
                    .init(
                        200, "What is wrong; ok where nothing is that keeps it from being published",
                        .object([.init("ok", .boolean, required: true), .init("findings", .array(Finding.schema), required: true)]))
                ])
        ) { call in
            let findings = try scripts(call).check(path(call))
            return Reply(200, ["ok": .bool(!findings.hasErrors), "findings": .array(findings.map(\.value))])
        },
        Endpoint(
            .post, "/api/scripts/{path...}/test", access: .permission("scripts.edit"), execution: .worker, rateClass: .analytics,
            documentation: .init(
                "Run the tests of a rule file against its draft, on a copy of the business", tag: "Scripts",
                input: .object([.init("tests", .string(maxLength: 256 << 10), "A test file; the one that was shipped with the rule file if left out.")]),
                replies: [.init(200, "What became of each test", TestReport.schema)])
        ) { call in Reply(200, try RuleTests.run(path(call), tests: call.body["tests"]?.string, call)) },
        Endpoint(
            .post, "/api/scripts/{path...}/impact", access: .permission("scripts.view"), execution: .worker, rateClass: .analytics,
            documentation: .init(
                "Tell what the draft would have changed: what was decided, decided again by it, compared in money", tag: "Scripts",
                replies: [.init(200, "What would differ", Impact.schema)])
        ) { call in Reply(200, try Impact.of(path(call), call)) },
        Explanation.endpoint, Explanation.replay,
        Endpoint(
            .post, "/api/scripts/{path...}/publish", access: .permission("scripts.publish"), execution: .write,
            documentation: .init(
                "Put the draft in force for every request that starts after the answer", tag: "Scripts",
                input: .object([.init("message", .string(maxLength: 500), "Why; the draft's message if left out.")]),
                replies: [.init(200, "In force", .any)])
        ) { call in
            let (version, revision) = try scripts(call).publish(
                path(call), message: call.body["message"]?.string, author: author(call), now: call.now)
            return try putInForce(revision, version, "script.published", call)
        },
        Endpoint(
            .post, "/api/scripts/{path...}/rollback", access: .permission("scripts.publish"), execution: .write,
            documentation: .init(
                "Put an earlier version in force again", tag: "Scripts", input: .object([.init("version", .integer(minimum: 1), required: true)]),
                replies: [.init(200, "In force", .any)])
        ) { call in
            let version = call.body["version"]?.int ?? 0
            let revision = try scripts(call).rollback(path(call), to: version, author: author(call), now: call.now)
            return try putInForce(revision, version, "script.rolled_back", call)
        },
    ]

    private static let draftMembers: [Schema.Member] = [
        .init("source", .string(maxLength: 256 << 10), required: true, "The whole file."),
        .init("message", .string(maxLength: 500), "Why it is changed."),
        .init(
            "base_version", .integer(minimum: 0),
            "The version that it was begun with, 0 for a new file. If left out, that of the draft that is there, else the one in force."),
    ]

    private static func putInForce(_ revision: Revision, _ version: Int64, _ action: String, _ call: Call) throws -> Reply {
        let before = call.revision?.files[path(call)]
        try Audit.append(
            call.database, call.actingUser, action, object: ("script", path(call)),
            before: ["version": before.map(Value.int) ?? .null], after: ["version": .int(version), "revision": .int(revision.id)])
        let tenant = call.tenant
        call.afterCommit { tenant?.revisionSlot.publish(revision) }
        return Reply(200, ["path": .string(path(call)), "version": .int(version), "revision": .int(revision.id)])
    }

    private static func scripts(_ call: Call) throws -> Scripts {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Scripts belong to a tenant.") }
        // What the database says now, not what was in force when the request arrived: of two publishes in one turn the second
        // must not undo the first.
        let library = RevisionLibrary(call.database)
        let (id, contents) = try library.currentContents()
        if let current = tenant.revisionSlot.current, current.id == id {
            return Scripts(call.database, revision: current, currency: tenant.currency, country: tenant.country)
        }
        return Scripts(call.database, revision: try library.revision(id: id, contents), currency: tenant.currency, country: tenant.country)
    }

    /// “shipped” is the file beside the program, which may be newer than what was copied in; it never comes in force by itself.
    private static func source(_ scripts: Scripts, named name: String, _ call: Call) throws -> [UInt8] {
        guard name == "shipped" else { return try scripts.source(path(call), named: name) }
        guard let source = try Shipped(home: call.instance.homePath).rules()[path(call)] else {
            throw Problem(404, "script.version_unknown", "No \(path(call)) came with the program.")
        }
        return source
    }

    private static func path(_ call: Call) -> String { call.parameters["path"] ?? "" }

    private static func author(_ call: Call) -> Scripts.Author {
        Scripts.Author(id: call.principal.userID, name: call.principal.username)
    }
}
