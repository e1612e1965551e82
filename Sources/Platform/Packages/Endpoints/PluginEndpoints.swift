import Core
import Storage

/// `/api/plugins`: what is installed, and how it changes.
package enum PluginEndpoints {
    package static let endpoints = installed + PluginRoleEndpoints.endpoints + PluginArchiveEndpoints.endpoints + PluginDraftEndpoints.endpoints
        + RemovedPluginEndpoints.endpoints + PluginTrialEndpoints.endpoints

    private static let installed: [Endpoint] = [
        Endpoint(
            .get, "/api/plugins", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "List the installed plugins", tag: "Plugins", replies: [.init(200, "In the order of their dependencies", .object([.init("items", .array(.object(members)), required: true)]))])
        ) { call in
            Reply(200, ["items": .array((call.revision?.plugins.packages ?? []).map(describe))])
        },
        Endpoint(
            .get, "/api/plugins/{name}", access: .permission("scripts.view"), execution: .read,
            documentation: .init("Read one plugin: what it may reach, which hooks run in which order, and its history", tag: "Plugins", replies: [.init(200, "The plugin", .any)])
        ) { call in Reply(200, try detail(call)) },
        Endpoint(
            .post, "/api/plugins", access: .permission("scripts.publish"), execution: .worker,
            documentation: .init(
                "Install or upgrade a plugin that came with the program; what would lose data takes its plan", tag: "Plugins",
                input: .object([
                    .init("name", .string(minLength: 1, maxLength: 63), required: true, "Its folder's name.", example: "pos"),
                    .init("grant_roles", .boolean, "false: leave roles as they are; else they get what the plugin offers them."),
                ]),
                replies: [.init(200, "Installed", .object(members))])
        ) { call in
            let work = try PluginWork(call)
            let name = call.body["name"]?.string ?? ""
            let offer = try work.shippedOffer(name)
            guard try Manifest(files: offer.files).name == name else {
                throw Problem(422, "plugin.name", "The folder \(name) holds a plugin that calls itself otherwise.")
            }
            // What loses data is asked for by its plan, the program's own plugins included.
            _ = try work.install(offer, plan: nil, consents: [.capabilities, .publisherKey, .changedVersion], grantsRoles: call.body["grant_roles"]?.bool ?? true)
            guard let package = try installed(call, name) else { throw notInstalled(name) }
            return Reply(200, describe(package))
        },
        Endpoint(
            .get, "/api/plugins/{name}/plan", access: .permission("scripts.view"), execution: .worker,
            documentation: .init(
                "Tell what installing the plugin would do", tag: "Plugins",
                query: [
                    .init("archive", .string(), "Digest of an uploaded archive; if left out, the plugin that came with the program."),
                    .init("draft", .boolean, "true: the draft of that plugin."),
                ],
                replies: [.init(200, "The plan", .any)])
        ) { call in
            let work = try PluginWork(call)
            return Reply(200, try work.plan(try offer(call, work, archive: call.queryValue("archive"), isDraft: call.queryValue("draft") == "true")).value)
        },
        Endpoint(
            .post, "/api/plugins/{name}/install", access: .permission("scripts.publish"), execution: .worker,
            documentation: .init(
                "Install or upgrade by a plan that somebody agreed with", tag: "Plugins",
                input: .object(source + [
                    .init("plan", .string(minLength: 64, maxLength: 64), required: true, "The plan's digest."),
                    .init("consents", .array(.string(allowed: InstallationPlan.Consent.allCases.map(\.rawValue))), "What was agreed with."),
                    .init("grant_roles", .boolean, "true: give roles the permissions that the plugin offers them; takes roles.edit."),
                ]), replies: [.init(200, "In force", .any)])
        ) { call in
            let work = try PluginWork(call)
            let consents = call.body["consents"]?.array?.compactMap { $0.string.flatMap(InstallationPlan.Consent.init(rawValue:)) } ?? []
            let grantsRoles = call.body["grant_roles"]?.bool ?? false
            if grantsRoles, !call.principal.may("roles.edit") { throw Authorization.forbidden("roles.edit") }
            let offer = try offer(call, work, archive: call.body["archive"]?.string, isDraft: call.body["draft"] == true)
            return Reply(
                200,
                answer(try work.install(offer, plan: call.body["plan"]?.string ?? "", consents: Set(consents), grantsRoles: grantsRoles)))
        },
        Endpoint(
            .post, "/api/plugins/{name}/impact", access: .permission("scripts.publish"), execution: .worker, rateClass: .analytics,
            documentation: .init(
                "Tell what installing the plugin would have changed: recorded requests, answered on a copy with it and without, compared in money",
                tag: "Plugins", input: .object(source), replies: [.init(200, "What would differ", PluginImpact.schema)])
        ) { call in
            let work = try PluginWork(call)
            let offer = try offer(call, work, archive: call.body["archive"]?.string, isDraft: call.body["draft"] == true)
            return Reply(200, try work.impact(of: offer.onTrial))
        },
        Endpoint(
            .post, "/api/plugins/{name}/rollback", access: .permission("scripts.publish"), execution: .worker,
            documentation: .init(
                "Go back to the version before, where no destructive migration stands between", tag: "Plugins",
                replies: [.init(200, "In force", .any)])
        ) { call in Reply(200, answer(try PluginWork(call).rollBack(call.parameters["name"] ?? ""))) },
        Endpoint(
            .get, "/api/plugins/{name}/uninstall", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "Tell what uninstalling the plugin would do", tag: "Plugins",
                replies: [.init(200, "What goes and what stays", .any), .init(409, "Others need it")])
        ) { call in Reply(200, try removal(call).plan(call.parameters["name"] ?? "")) },
        Endpoint(
            .post, "/api/plugins/{name}/uninstall", access: .permission("scripts.publish"), execution: .worker,
            documentation: .init(
                "Take the plugin out; its data stays until it is purged", tag: "Plugins", replies: [.init(200, "Gone", .any)])
        ) { call in
            let name = call.parameters["name"] ?? ""
            let revision = try PluginWork(call).uninstall(name)
            return Reply(200, ["name": .string(name), "revision": .int(revision.id)])
        },
    ]

    private static let source: [Schema.Member] = [
        .init("archive", .string(), "Digest of an uploaded archive; if left out, the plugin that came with the program."),
        .init("draft", .boolean, "true: the draft of that plugin, if its publisher's known key signed it or the business lets drafts in."),
    ]

    private static let members: [Schema.Member] = [
        .init("name", .string(), required: true), .init("version", .string(), required: true),
        .init("title", .string(), required: true), .init("publisher", .string(), required: true),
        .init("hash", .string(), required: true, "SHA-256 of its files."),
    ]

    private static func describe(_ package: PluginPackage) -> Value {
        [
            "name": .string(package.name), "version": .string(package.manifest.version), "title": .string(package.manifest.title),
            "publisher": .string(package.manifest.publisher), "hash": .string(package.hash),
        ]
    }

    private static func detail(_ call: Call) throws -> Value {
        let name = call.parameters["name"] ?? ""
        guard let plugins = call.revision?.plugins, let package = plugins.package(name), case .object(var result) = describe(package) else {
            throw notInstalled(name)
        }
        let manifest = package.manifest
        result["capabilities"] = .array(CapabilityList(manifest).entries.map { ["capability": .string($0.name), "value": .string($0.value)] })
        result["dependencies"] = .array(manifest.dependencies.map { ["name": .string($0.name), "range": .string($0.range)] })
        result["dependants"] = .array(
            plugins.packages.filter { $0.manifest.dependencies.contains { $0.name == name } }.map { .string($0.name) })
        result["record_types"] = .array(package.recordTypes.map { .string($0.name) })
        result["hooks"] = .array(plugins.hookOrder(touching: name))
        result["history"] = .array(try PluginRegister(call.database).history(of: name))
        return .object(result)
    }

    /// What is in force now, which may be newer than what the call began with.
    private static func installed(_ call: Call, _ name: String) throws -> PluginPackage? {
        guard let tenant = call.tenant else { return nil }
        if let package = tenant.revisionSlot.current?.plugins.package(name) { return package }
        return try tenant.store.read { db in try RevisionLibrary(db).current() }.plugins.package(name)
    }

    private static func notInstalled(_ name: String) -> Problem {
        Problem(404, "plugin.not_installed", "The plugin \(name) is not installed.")
    }

    /// - Throws: 422 `plugin.name` where the archive holds another plugin than the path says.
    private static func offer(_ call: Call, _ work: PluginWork, archive: String?, isDraft: Bool) throws -> PluginInstallation.Offer {
        let name = call.parameters["name"] ?? ""
        if isDraft { return try work.draftOffer(name) }
        let offer = try archive.map { try work.waitingOffer($0) } ?? work.shippedOffer(name)
        guard try Manifest(files: offer.files).name == name else {
            throw Problem(422, "plugin.name", "The archive holds another plugin than \(name).")
        }
        return offer
    }

    private static func answer(_ result: PluginWork.Result) -> Value {
        [
            "name": .string(result.plan.name), "version": .string(result.plan.version), "action": .string(result.plan.action.rawValue),
            "revision": result.revision.map { .int($0.id) } ?? .null, "trial": result.trial,
        ]
    }

    static func removal(_ call: Call) throws -> PluginRemoval {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Plugins belong to a tenant.") }
        return PluginRemoval(call.database, tenant: tenant, actor: call.actingUser, clock: call.instance.clock)
    }
}
