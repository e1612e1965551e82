import Core
import Scripting
import Storage

/// `/api/plugin-checks`, `/api/plugin-trials`, `/api/plugin-impacts`: what somebody has in hand is checked and tried beside what is
/// installed. Nothing is kept and nothing changes, so any key may sign it and any publisher stand in it.
enum PluginTrialEndpoints {
    static let endpoints: [Endpoint] = [
        endpoint(
            "/api/plugin-checks", "Check a plugin's files beside what is installed; nothing changes",
            .object([.init("findings", .array(Finding.schema), required: true)]), permission: "scripts.view"
        ) { call, given in
            ["findings": .array(try findings(given, call))]
        },
        endpoint(
            "/api/plugin-trials", "Install a plugin on a copy of the data and run its tests there; nothing changes",
            .object([.init("plan", .any, required: true), .init("trial", .any, required: true)]),
            further: [.init("tests", .nullable(.array(.string(maxLength: 200), maxItems: 1_000)), "Only these files: tests/….lua.")]
        ) { call, given in
            let result = try PluginWork(call).rehearse(
                given.offer, with: given.others, tests: call.body["tests"]?.array.map { Set($0.compactMap(\.string)) })
            return ["plan": result.plan.value, "trial": result.trial]
        },
        endpoint(
            "/api/plugin-impacts", "Tell what a plugin would have changed: recorded requests, answered on a copy with it and without, compared in money",
            PluginImpact.schema, rateClass: .analytics
        ) { call, given in try PluginWork(call).impact(of: given.offer, with: given.others) },
    ]

    private struct Given {
        let offer: PluginInstallation.Offer
        let others: [PluginInstallation.Offer]
    }

    /// As base64, so that several go in one body.
    private static let archive = Schema.string(minLength: 1, maxLength: PluginArchive.mostBytes / 3 * 4 + 4)
    private static let mostOthers = 10

    private static func endpoint(
        _ path: PathTemplate, _ summary: String, _ schema: Schema, permission: String = "scripts.publish", further: [Schema.Member] = [],
        rateClass: RateClass = .standard, _ answer: @escaping @Sendable (Call, Given) throws -> Value
    ) -> Endpoint {
        Endpoint(
            .post, path, access: .permission(permission), execution: .worker, idempotency: Endpoint.Idempotency.none, rateClass: rateClass,
            bodyLimit: 4 * PluginArchive.mostBytes,
            documentation: .init(
                summary, tag: "Plugins",
                input: .object(
                    [
                        .init("archive", archive, required: true, "The packed plugin, in base64.", example: "H4sIAAAAAAAAA+3OMQrCQBCF4TnKHsA="),
                        .init("with", .array(archive, maxItems: mostOthers), "Others that are put in before it, packed too.", example: []),
                    ] + further), replies: [.init(200, "What came of it", schema)])
        ) { call in
            let work = try PluginWork(call)
            func offer(_ value: Value, _ field: String) throws -> PluginInstallation.Offer {
                guard let bytes = value.string.flatMap(Base64.decode) else {
                    throw Problem(422, "plugin.archive_invalid", "“\(field)” is not base64.", field: field)
                }
                return try work.offer(try PluginArchive(bytes)).onTrial
            }
            let others = try (call.body["with"]?.array ?? []).enumerated().map { try offer($1, "with[\($0)]") }
            return Reply(200, try answer(call, Given(offer: try offer(call.body["archive"] ?? .null, "archive"), others: others)))
        }
    }

    private static func findings(_ given: Given, _ call: Call) throws -> [Value] {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Plugins belong to a tenant.") }
        let name = try Manifest(files: given.offer.files).name
        let manifests = try given.others.map { try Manifest(files: $0.files) }
        let taken = Set(manifests.map(\.name) + [name])
        var packages = try tenant.store.read { db in try RevisionLibrary(db).current() }.plugins.packages.filter { !taken.contains($0.name) }
        for manifest in try DependencyOrder.sorted(manifests) {
            guard let index = manifests.firstIndex(where: { $0.name == manifest.name }) else { continue }
            packages.append(try PluginPackage(files: given.others[index].files, dependencies: packages))
        }
        return PluginProbe.findings(given.offer.files, dependencies: packages)
    }
}
