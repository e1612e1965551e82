import Core
import Storage

/// `settings` and `secret`: what administrators set for a plugin.
enum SettingsModule {
    static let functions: [HostFunction] = [
        HostFunction(
            "settings", "get", .all,
            "get(key, { branch =, till = }): the setting of this plugin: the till's, else the branch's, else the tenant's, else as declared"
        ) { run, arguments in
            let key = try arguments.text(0)
            // By index: a declaration is large, and copying one counts many references.
            guard let package = run.package, let index = package.manifest.settings.firstIndex(where: { $0.field.name == key }) else {
                throw arguments.wrong(0, "is “\(key)”, which the plugin does not declare in its settings")
            }
            try run.scope.countRead()
            if arguments.values.count == 1 { return try value(of: index, in: package, run) }
            let place = try arguments.optionalObject(1)
            for (name, value) in place where !["branch", "till"].contains(name) || value != .null && value.int == nil {
                throw arguments.wrong(1, "must be a branch's and a till's id: { branch = 1, till = 2 }")
            }
            let levels = package.manifest.settings[index].levels
            return try value(
                of: index, in: package, run, branch: levels.contains(.branch) ? place["branch"]?.int : nil,
                till: levels.contains(.till) ? place["till"]?.int : nil)
        },
        HostFunction(
            "secret", "header", PhaseSet.writing.union(PhaseSet(.fetch)),
            "header(name, before): a handle for a header of http: the secret, after `before` such as \"Bearer \"; the script never sees it"
        ) { run, arguments in
            let name = try secret(run, arguments)
            return ["secret": .string(name), "before": .string(try arguments.optionalText(1) ?? "")]
        },
        HostFunction(
            "secret", "sign", PhaseSet.writing.union(PhaseSet(.fetch)), "sign(name, text): HMAC-SHA-256 of the text under the secret, in hex"
        ) { run, arguments in
            let name = try secret(run, arguments)
            try run.scope.countRead()
            guard let plugin = run.package?.name, let key = try Secrets(run.scope.database, run.scope.tenant).open("\(plugin).\(name)") else {
                throw Problem(422, "secret.missing", "secret.sign: the secret \(name) is not set.")
            }
            return .string(Hex.encode(Digest.hmacSHA256(key: Array(key.utf8), Array(try arguments.text(1).utf8))))
        },
    ]

    private static func value(
        of index: Int, in package: PluginPackage, _ run: HostRun, branch: Int64? = nil, till: Int64? = nil
    ) throws -> Value {
        let set = try Settings.cached(run.scope.database, package.manifest.settings[index].key, branch: branch, till: till)
        return package.manifest.settings[index].typed(
            set ?? package.manifest.settings[index].field.fallback ?? .null, run.scope.tenant.currency)
    }

    private static func secret(_ run: HostRun, _ arguments: Arguments) throws -> String {
        let name = try arguments.text(0)
        guard let package = run.package, package.manifest.secrets.contains(name) else {
            throw Problem(
                403, "script.capability",
                "\(arguments.function): the plugin \(run.package?.name ?? "(a rule file)") has no capability to use the secret \(name). Name it in capabilities.secret.")
        }
        return name
    }
}
