import Core

/// What a plugin says of itself in `plugin.lua`: a table of constants.
package struct Manifest: Sendable {
    package struct SeriesDeclaration: Sendable {
        package let name: String
        package let format: String
        package let reset: String
        package let perBranch: Bool
    }

    package let name: String
    package let version: String
    package let title: String
    package let publisher: String
    /// The plugins it needs, with the versions that it can work with.
    package let dependencies: [(name: String, range: String)]
    /// Plugins that it goes with where they are installed, in these versions.
    package let optional: [(name: String, range: String)]
    /// Plugins beside which it cannot be installed: a name, or a name and a range.
    package let conflicts: [String]
    /// Names under which others may require what it offers, whichever plugin offers it.
    package let provides: [String]
    package let requires: [String]
    /// The epoch of the host API that it was written for, and the kernels that it is known to work with.
    package let api: String?
    package let kernel: String?
    package let permissions: [Permission]
    /// Ready-made role name to permission names; offered at install, the admin decides.
    package let roles: [(name: String, permissions: [String])]
    package let settings: [SettingDeclaration]
    /// The secrets that its code may use, by name.
    package let secrets: [String]
    /// What it may ask of whom outside.
    package let http: [HTTPGrant]
    package let series: [SeriesDeclaration]
    package let capabilities: Object
    /// More steps for a run of a job than every job has: `["job:nightly"] = { slices = 5000 }`; asked for here, granted at install.
    package let slices: [(job: String, count: Int)]
    /// Record types of other plugins that its code may read, and those that it may write.
    package let readableTypes: [String]
    package let writableTypes: [String]
    /// Permissions that its code has although the user does not.
    let elevated: [String]
    /// Account codes that it may post to; `*` at the end stands for any rest.
    let postingAccounts: [String]
    /// Whether its reports may read the books, all of them: `read = { "*" }`.
    let readsLedger: Bool

    package init(_ value: Value, file: String) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        name = try declaration.requiredText("name")
        guard FieldDeclaration.isName(name) else { throw declaration.wrong("name", "must be in small letters, digits and underscores") }
        version = try declaration.requiredText("version")
        title = try declaration.text("title") ?? name
        publisher = try declaration.text("publisher") ?? ""
        declaration.accept("license", "extends", "data", "locales")
        api = try declaration.text("api")
        kernel = try declaration.text("kernel")
        var optional: [(String, String)] = []
        if let table = try declaration.table("optional") {
            for other in table.names { optional.append((other, try table.requiredText(other))) }
        }
        self.optional = optional
        conflicts = try declaration.texts("conflicts")
        provides = try declaration.texts("provides")
        requires = try declaration.texts("requires")
        var dependencies: [(String, String)] = []
        if let table = try declaration.table("depends") {
            for other in table.names { dependencies.append((other, try table.requiredText(other))) }
        }
        self.dependencies = dependencies
        var permissions: [Permission] = []
        for (index, item) in try declaration.list("permissions").enumerated() {
            let place = "permissions[\(index + 1)]"
            // A word without a dot is one of a source document, such as canManageStock: no plugin's and not the kernel's.
            guard case .string(let permission)? = item.keyed["1"], Permission.isWellFormed(permission),
                permission.hasPrefix("\(name).") || !permission.contains(".")
            else { throw declaration.wrong(place, "must be { \"\(name).verb\", title = … }") }
            let table = try Declaration(item.keyed, file: file, place: place)
            table.accept("1")
            permissions.append(
                Permission(
                    permission, title: try table.text("title") ?? permission, origin: name, includes: try table.texts("includes")))
            try table.finish()
        }
        for permission in permissions {
            for included in permission.includes where !permissions.contains(where: { $0.name == included && $0.includes.isEmpty }) {
                throw declaration.wrong(
                    "permissions", "includes “\(included)” in \(permission.name): name permissions of this plugin that include nothing themselves")
            }
        }
        self.permissions = permissions
        var roles: [(String, [String])] = []
        if let table = try declaration.table("roles") {
            for role in table.names { roles.append((role, try table.texts(role))) }
        }
        self.roles = roles
        guard !KernelSettings.names.contains(name) else { throw declaration.wrong("name", "is the kernel's own") }
        var settings: [SettingDeclaration] = []
        for (index, item) in try declaration.list("settings").enumerated() {
            let setting = try SettingDeclaration(item, plugin: name, file: file, place: "settings[\(index + 1)]")
            if settings.contains(where: { $0.key == setting.key }) {
                throw declaration.wrong("settings[\(index + 1)]", "declares “\(setting.field.name)” a second time")
            }
            settings.append(setting)
        }
        self.settings = settings
        var series: [SeriesDeclaration] = []
        for (index, item) in try declaration.list("series").enumerated() {
            let table = try Declaration(item, file: file, place: "series[\(index + 1)]")
            series.append(
                SeriesDeclaration(
                    name: try table.requiredText("name"), format: try table.requiredText("format"),
                    reset: try table.text("reset") ?? "never", perBranch: try table.flag("per_branch")))
            try table.finish()
        }
        self.series = series
        var slices: [(String, Int)] = []
        if let budgets = try declaration.table("budgets") {
            for name in budgets.names {
                guard name.hasPrefix("job:"), let table = try budgets.table(name) else {
                    throw declaration.wrong("budgets.\(name)", "must be [\"job:ID\"] = { slices = … }")
                }
                let count = try table.integer("slices") ?? Int64(JobDeclaration.usualSlices)
                guard (1...100_000).contains(count) else { throw table.wrong("slices", "must be from 1 to 100000") }
                try table.finish()
                slices.append((String(name.dropFirst("job:".count)), Int(count)))
            }
        }
        self.slices = slices
        let table = try declaration.table("capabilities")
        capabilities = declaration.value("capabilities")?.object ?? Object()
        let records = try table?.table("record")
        readableTypes = try records?.texts("read") ?? []
        writableTypes = try records?.texts("write") ?? []
        try records?.finish()
        elevated = try table?.texts("elevate") ?? []
        secrets = try (capabilities["secret"]?.items ?? []).enumerated().map { index, item throws(DeclarationError) in
            guard let secret = item.string, FieldDeclaration.isName(secret) else {
                throw declaration.wrong("capabilities.secret[\(index + 1)]", "must be a name in small letters, digits and underscores")
            }
            return secret
        }
        http = try (capabilities["http"]?.items ?? []).enumerated().map { index, item throws(DeclarationError) in
            do throws(Problem) {
                return try HTTPGrant(item.string ?? "")
            } catch {
                throw declaration.wrong("capabilities.http[\(index + 1)]", "cannot be: \(error.detail)")
            }
        }
        let ledger = try table?.table("ledger")
        postingAccounts = try ledger?.texts("post") ?? []
        readsLedger = try ledger?.texts("read").contains("*") ?? false
        try declaration.finish()
    }
}
