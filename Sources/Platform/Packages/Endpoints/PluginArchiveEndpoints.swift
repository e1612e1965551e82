import Core
import Storage

/// `/api/plugin-archives`: signed plugins that wait for consent; `/api/plugin-publishers`: whose key is known here.
package enum PluginArchiveEndpoints {
    package static let endpoints: [Endpoint] = [
        Endpoint(
            .post, "/api/plugin-archives", access: .permission("scripts.publish"), execution: .worker,
            bodyLimit: PluginArchive.mostBytes, accepts: .bytes(["application/gzip", "application/octet-stream"]),
            documentation: .init(
                "Upload a signed plugin and learn what installing it would do", tag: "Plugins",
                replies: [.init(201, "Kept for a day, with the plan", .object([.init("archive", .string(), required: true), .init("plan", .any, required: true)]))])
        ) { call in
            let work = try PluginWork(call)
            let archive = try PluginArchive(call.bodyBytes)
            let plan = try work.plan(try work.offer(archive))
            let bytes = call.bodyBytes, actor = call.actingUser
            try work.tenant.store.write { db in
                try PluginRegister(db).keep(archive, bytes: bytes, actor)
                try Audit.append(
                    db, actor, "plugin.uploaded", object: ("plugin", archive.name),
                    after: ["version": .string(archive.version), "archive": .string(archive.digest), "key": .string(archive.key.fingerprint)])
            }
            return Reply(201, ["archive": .string(archive.digest), "plan": plan.value])
        },
        Endpoint(
            .get, "/api/plugin-archives", access: .permission("scripts.view"), execution: .read,
            documentation: .init("List the uploaded plugins that wait for consent", tag: "Plugins", replies: [.init(200, "Oldest first", .any)])
        ) { call in Reply(200, ["items": .array(try PluginRegister(call.database).archives()), "next_cursor": .null]) },
        Endpoint(
            .delete, "/api/plugin-archives/{digest}", access: .permission("scripts.publish"), execution: .write,
            documentation: .init("Discard an uploaded plugin", tag: "Plugins", replies: [.init(204, "Discarded")])
        ) { call in
            try PluginRegister(call.database).discard(call.parameters["digest"] ?? "")
            return .noContent
        },
        Endpoint(
            .post, "/api/plugin-archives/{digest}/rehearsal", access: .permission("scripts.publish"), execution: .worker,
            documentation: .init(
                "Install an uploaded plugin on a copy of the data and run its tests there; nothing changes", tag: "Plugins",
                replies: [.init(200, "How it went", .object([.init("plan", .any, required: true), .init("trial", .any, required: true)]))])
        ) { call in
            let work = try PluginWork(call)
            let result = try work.rehearse(try work.waitingOffer(call.parameters["digest"] ?? ""))
            return Reply(200, ["plan": result.plan.value, "trial": result.trial])
        },
        Endpoint(
            .get, "/api/plugin-publishers", access: .permission("scripts.view"), execution: .read,
            documentation: .init("List the publishers whose keys are known", tag: "Plugins", replies: [.init(200, "By name", .any)])
        ) { call in
            let items = try PluginRegister(call.database).publishers().map { publisher -> Value in
                ["name": .string(publisher.name), "key": .string(publisher.key.fingerprint), "pinned_at": .string(publisher.pinnedAt)]
            }
            return Reply(200, ["items": .array(items), "next_cursor": .null])
        },
        Endpoint(
            .delete, "/api/plugin-publishers/{name}", access: .permission("scripts.publish"), execution: .write,
            documentation: .init(
                "Forget a publisher's key, none of whose plugins is installed", tag: "Plugins", replies: [.init(204, "Forgotten")])
        ) { call in
            let name = call.parameters["name"] ?? ""
            let register = PluginRegister(call.database)
            guard try register.key(of: name) != nil else {
                throw Problem(404, "plugin.publisher_unknown", "No key of a publisher \(name) is known here.")
            }
            let plugins = (call.revision?.plugins.packages ?? []).filter { $0.manifest.publisher == name }.map(\.name)
            guard plugins.isEmpty else {
                throw Problem(409, "plugin.publisher_needed", "\(plugins.joined(separator: ", ")) came from \(name). Uninstall that first.")
            }
            try register.forget(name)
            try Audit.append(call.database, call.actingUser, "plugin.publisher_forgotten", object: ("publisher", name))
            return .noContent
        },
    ]
}
