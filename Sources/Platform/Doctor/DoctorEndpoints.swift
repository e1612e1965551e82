import Core
import Storage

/// `/api/doctor`: how it is, thing by thing, with what to do where it is not well.
package enum DoctorEndpoints {
    /// Of one business.
    package static let tenant = [
        Endpoint(
            .get, "/api/doctor", access: .permission("metrics.view"), execution: .worker, rateClass: .analytics,
            documentation: .init("Look the business over: database, revision, plugins", tag: "Health", replies: [.init(200, "What was found", schema)])
        ) { call in
            guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "There is no tenant here.") }
            return Reply(200, HealthFinding.report(try TenantDoctor(instance: call.instance, tenant: tenant).examine()))
        }
    ]

    /// Of the installation: its folders, keys and disk, and whether each business's database takes changes.
    package static let `operator` = [
        Endpoint(
            .get, "/api/doctor", access: .operator, execution: .worker,
            documentation: .init("Look the installation over: folders, keys, space, databases", tag: "Health", replies: [.init(200, "What was found", schema)])
        ) { call in Reply(200, HealthFinding.report(try examine(call.instance))) }
    ]

    private static let schema: Schema = .object([
        .init("ok", .boolean, required: true),
        .init(
            "items",
            .array(.object([
                .init("what", .string(), required: true), .init("ok", .boolean, required: true), .init("detail", .string(), required: true),
            ])), required: true),
    ])

    private static func examine(_ instance: Instance) throws -> [HealthFinding] {
        var findings: [HealthFinding] = []
        for folder in ["Rules", "Plugins", "Web"] {
            findings.append(HealthFinding(folder, Files.isDirectory("\(instance.homePath)/\(folder)"), "beside the program"))
        }
        let data = instance.dataPath
        func isPrivate(_ path: String) throws -> Bool { try Files.mode(path) & 0o077 == 0 }
        findings.append(
            HealthFinding("data folder", try isPrivate(data), try isPrivate(data) ? "private" : "others can look into it: chmod 700"))
        for key in try Files.list("\(data)/keys") {
            let path = "\(data)/keys/\(key)"
            findings.append(HealthFinding("keys/\(key)", try isPrivate(path), try isPrivate(path) ? "private" : "others can read it: chmod 600"))
        }
        let free = try Files.freeBytes(data)
        let open = try instance.alerts.list(onlyOpen: true, limit: 100)
        findings.append(
            HealthFinding(
                "alerts", open.isEmpty, open.isEmpty ? "none is open" : open.map(\.key.condition).joined(separator: ", ") + ": kontor alerts"))
        findings.append(HealthFinding("disk", free > 1 << 30, "\(free >> 20) MiB free"))
        for tenant in instance.directory.all where tenant.isActive {
            let failure = tenant.store.failure
            findings.append(HealthFinding("\(tenant.domain) database", failure == nil, failure?.problem.detail ?? "takes changes"))
        }
        return findings
    }
}
