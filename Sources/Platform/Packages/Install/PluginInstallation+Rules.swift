import Core
import Storage

/// A rule file that comes in force with a plugin.
struct AdoptedRule: Sendable {
    let path: String
    /// As version 1; nil for a file that the tenant has had before.
    let source: [UInt8]?
    let version: Int64
}

extension PluginInstallation {
    private static let selectLatest = SQL("""
        SELECT max(v.version) FROM platform_scripts s JOIN platform_script_versions v ON v.script_id = s.id WHERE s.path = ?1
        """)

    /// The rule files that a plugin brings to a tenant that has none of their path in force: those that were in force when the
    /// plugin was taken out, its own (`rules/*.lua`, as `Rules/<plugin>/…`), and those beside the program whose contract is
    /// known with it.
    func rules(
        for package: PluginPackage, _ offer: Offer, removed: PluginRegister.Removed?, _ contents: RevisionLibrary.Contents,
        _ after: InstalledPlugins
    ) throws -> [AdoptedRule] {
        var result: [AdoptedRule] = []
        func isFree(_ path: String) -> Bool {
            !contents.files.contains { $0.path == path } && !result.contains { $0.path == path }
        }
        for (path, version) in removed?.files ?? [] where isFree(path) {
            result.append(AdoptedRule(path: path, source: nil, version: version))
        }
        var offered = offer.shippedRules
        for (path, source) in offer.files where path.hasPrefix("rules/") && path.hasSuffix(".lua") {
            offered["Rules/\(package.name)/\(path.dropFirst("rules/".count))"] = source
        }
        for (path, source) in offered.sorted(by: { $0.key < $1.key }) where isFree(path) {
            guard let contract = try RuleContent.contract(of: source, path: path), after.contracts[contract] != nil else { continue }
            let latest = try db.integer(Self.selectLatest, path)
            if latest > 0 {
                result.append(AdoptedRule(path: path, source: nil, version: latest))
                continue
            }
            try Scripts.checkPath(path)
            let content = try RuleContent(source: source, path: path, contracts: after.contracts)
            // What is for a job or a notification waits until its plugin is installed.
            if let schedule = content.schedule, after.jobs[schedule.job] == nil { continue }
            if content.template != nil, after.notifications[content.key] == nil { continue }
            try content.check(amountsIn: tenant.currency, file: path, source: String(decoding: source, as: UTF8.self))
            result.append(AdoptedRule(path: path, source: source, version: 1))
        }
        return result
    }

    func adopt(_ rules: [AdoptedRule], _ contents: inout RevisionLibrary.Contents) throws {
        let author = Scripts.Author(id: actor.id, name: actor.name)
        for rule in rules {
            if let source = rule.source {
                try Scripts.insertShipped(db, library, path: rule.path, source: source, author: author, now: actor.at)
            }
            contents.files.append((rule.path, rule.version))
        }
        contents.files.sort { $0.path < $1.path }
    }
}
