import Core
import Storage

extension PluginInstallation {
    /// Reads an offer against what is there and plans; writes nothing.
    ///
    /// - Parameter reserved: the kernel's routes, which no plugin may take.
    /// - Throws: what is wrong with the plugin, and what keeps it from being installed here: `plugin.dependency`,
    ///   `plugin.excluded`, `plugin.conflict`, `plugin.kernel`, `plugin.publisher_mismatch`, `plugin.schema_change`,
    ///   `plugin.rollback_blocked`.
    package func prepare(_ offer: Offer, reserved: ReservedRoutes? = nil) throws -> Prepared {
        let (id, contents) = try library.currentContents()
        let before = try library.revision(id: id, contents)
        let manifest = try Manifest(files: offer.files)
        let hash = PluginPackage.hash(offer.files)
        let older = before.plugins.package(manifest.name)
        let olderID = before.plugins.packages.firstIndex { $0.name == manifest.name }.map { contents.packages[$0] }
        let removed = try register.removed(manifest.name)
        let former = try older ?? removed.flatMap { try library.package($0.packageID, among: before.plugins) }
        try Kernel.check(manifest)
        let keyFacts = try publisherFacts(offer, manifest, former)
        let action = try action(offer, manifest, hash, older, olderID)
        // Older than what was taken out: its tables are those of the newer version.
        let returnsOlder = try removed != nil && former.map { try SemanticVersion(manifest.version) < SemanticVersion($0.manifest.version) } ?? false
        if returnsOlder, let removed, let former { try requireNoWayLost(former, removed.packageID) }

        let after = try plugins(manifest, hash, offer.files, before, contents)
        guard let package = after.package(manifest.name) else {
            throw Problem(422, "plugin.no_manifest", "The package \(manifest.name) could not be read.")
        }
        try reserved?.check(after.endpoints)
        let isBack = action == .rollback || action == .downgrade || returnsOlder
        let migrations = former == nil || isBack ? [] : try pending(package)
        // With the fields that plugins add to types of others.
        let declared = before.plugins.typesInOrder
        let schema = SchemaMigration(
            before: declared + (older == nil ? former?.recordTypes ?? [] : []), after: after.typesInOrder,
            migrations: migrations, keepsWhatIsGone: isBack, currency: tenant.currency)
        let schemaPlan = try schema.plan(db)
        let rules = try rules(for: package, offer, removed: removed, contents, after)
        var facts = Object()
        facts["title"] = .string(manifest.title)
        facts["former_version"] = older.map { .string($0.manifest.version) } ?? .null
        facts["publisher"] = .object(keyFacts.facts)
        facts["restores_data"] = .bool(removed != nil)
        describe(package, former: older, after, before.plugins, &facts)
        facts["tables"] = .array(schemaPlan.changes.map(\.value))
        facts["migrations"] = .array(migrations.map { ["file": .string($0.file), "title": .string($0.title), "destructive": .bool($0.isDestructive)] })
        let seriesChanges = try series(package, older).changes()
        facts["series_changes"] = .array(seriesChanges.map(\.value))
        facts["roles"] = .array(try roles(package.manifest))
        facts["rules"] = .array(rules.map { .string($0.path) })
        let findings = PluginFindings.of(offer.files, hash: hash, after)
        facts["findings"] = .array(findings.map(\.value))
        facts["base_revision"] = .int(id)
        facts["hash"] = .string(hash)
        var needs: [InstallationPlan.Consent] = []
        let had = CapabilityList(older?.manifest)
        if CapabilityList(manifest).entries.contains(where: { !had.covers($0) && !$0.isUsual }) { needs.append(.capabilities) }
        if let consent = keyFacts.consent { needs.append(consent) }
        if migrations.contains(where: \.isDestructive) || schemaPlan.changes.contains(where: \.isDestructive) { needs.append(.destructive) }
        if action == .downgrade || returnsOlder { needs.append(.downgrade) }
        if action == .change { needs.append(.changedVersion) }
        let plan = InstallationPlan(
            action: action, name: manifest.name, version: manifest.version, needs: action == .unchanged ? [] : needs, facts: facts)
        return Prepared(
            plan: plan, offer: offer, package: package, older: older, olderID: olderID, removed: removed, before: before,
            contents: contents, after: after, isBack: isBack, migrations: migrations, schema: schema, schemaPlan: schemaPlan, rules: rules, seriesChanges: seriesChanges)
    }

    /// What the plugin offers to which roles, as far as they do not hold it.
    private func roles(_ manifest: Manifest) throws -> [Value] {
        try manifest.roles.map { name, permissions in
            let role = try Roles.find(db, name: name)
            let holdsAll = role?.permissions.contains(PermissionCatalogue.everything) == true
            let missing = permissions.filter { !holdsAll && role?.permissions.contains($0) != true }
            return ["role": .string(name), "exists": .bool(role != nil), "offers": .array(missing.map(Value.string))]
        }
    }

    /// All plugins with the new one in the place that its dependencies ask for.
    private func plugins(
        _ manifest: Manifest, _ hash: String, _ files: [String: [UInt8]], _ before: Revision, _ contents: RevisionLibrary.Contents
    ) throws -> InstalledPlugins {
        var references: [String: RevisionLibrary.PackageReference] = [:]
        for (package, id) in zip(before.plugins.packages, contents.packages) { references[package.name] = library.reference(id, hash: package.hash) }
        references[manifest.name] = RevisionLibrary.PackageReference(hash: hash) { files }
        var manifests = before.plugins.packages.map(\.manifest)
        if let index = manifests.firstIndex(where: { $0.name == manifest.name }) { manifests[index] = manifest } else { manifests.append(manifest) }
        try DependencyOrder.check(manifests)
        return try library.plugins(try DependencyOrder.sorted(manifests).compactMap { references[$0.name] })
    }

    private func action(
        _ offer: Offer, _ manifest: Manifest, _ hash: String, _ older: PluginPackage?, _ olderID: Int64?
    ) throws -> InstallationPlan.Action {
        let version = try SemanticVersion(manifest.version)
        guard let older, let olderID else { return .install }
        if older.hash == hash { return .unchanged }
        let there = try SemanticVersion(older.manifest.version)
        var action: InstallationPlan.Action = version > there ? .upgrade : version < there ? .downgrade : .change
        if case .former = offer.origin { action = .rollback }
        if action == .rollback || action == .downgrade { try requireNoWayLost(older, olderID) }
        return action
    }

    /// - Throws: 409 `plugin.rollback_blocked` where a version came with a migration that older ones cannot live with.
    private func requireNoWayLost(_ package: PluginPackage, _ id: Int64) throws {
        guard let destructive = try register.arrival(of: id, package.name)?.destructive, !destructive.isEmpty else { return }
        throw Problem(
            409, "plugin.rollback_blocked",
            "\(package.name) \(package.manifest.version) came with \(destructive.joined(separator: ", ")), after which an older version cannot "
                + "run. Restore a backup, or publish a newer version.",
            extra: [("migrations", .array(destructive.map(Value.string)))])
    }

    /// The migration files that have not run here.
    /// - Throws: 409 `plugin.migration_changed` where one that ran has another text now.
    private func pending(_ package: PluginPackage) throws -> [MigrationFile] {
        let applied = try register.appliedMigrations(of: package.name)
        for file in package.migrations {
            if let hash = applied[file.number], hash != file.hash {
                throw Problem(
                    409, "plugin.migration_changed", "\(file.file) ran here with another text. Write a new migration file instead.", field: file.file)
            }
        }
        return package.migrations.filter { applied[$0.number] == nil }.sorted { $0.number < $1.number }
    }

    private func publisherFacts(
        _ offer: Offer, _ manifest: Manifest, _ former: PluginPackage?
    ) throws -> (facts: Object, consent: InstallationPlan.Consent?) {
        if let former, former.manifest.publisher != manifest.publisher {
            throw Problem(
                409, "plugin.publisher_mismatch",
                "\(manifest.name) was installed from \(former.manifest.publisher); one of the same name from \(manifest.publisher) is another plugin.")
        }
        guard let archive = offer.archive else {
            let word = if case .shipped = offer.origin { "shipped" } else { "known" }
            return (["name": .string(manifest.publisher), "key": .null, "status": .string(word)], nil)
        }
        if offer.isTrial { return (["name": .string(archive.publisher), "key": .null, "status": "trial"], nil) }
        guard archive.publisher != Shipped.publisher else {
            throw Problem(
                422, "plugin.publisher_reserved",
                "Plugins of “\(Shipped.publisher)” come with the program; an archive must name its own publisher.", field: "publisher")
        }
        let pinned = try register.key(of: archive.publisher)
        if case .draft = offer.origin, pinned != archive.key {
            guard try Settings.resolve(db, PluginDrafts.setting)?.bool == true else {
                throw Problem(
                    409, "plugin.unsigned",
                    "No known key of \(archive.publisher) signed the draft. Pack and sign it (kontor plugin pack), or let drafts in: the setting \(PluginDrafts.setting), for businesses to try things in.")
            }
            return (["name": .string(archive.publisher), "key": .string(archive.key.fingerprint), "status": "unsigned"], .unsigned)
        }
        let status = pinned == nil ? "new" : pinned == archive.key ? "known" : "changed"
        var facts: Object = [
            "name": .string(archive.publisher), "key": .string(archive.key.fingerprint), "status": .string(status),
        ]
        if let pinned, pinned != archive.key { facts["former_key"] = .string(pinned.fingerprint) }
        return (facts, status == "known" ? nil : .publisherKey)
    }

    private func describe(
        _ package: PluginPackage, former: PluginPackage?, _ after: InstalledPlugins, _ before: InstalledPlugins, _ facts: inout Object
    ) {
        let had = CapabilityList(former?.manifest), has = CapabilityList(package.manifest)
        facts["capabilities"] = .array(
            has.entries.map { ["capability": .string($0.name), "value": .string($0.value), "status": .string(had.covers($0) ? "kept" : "new")] }
                + had.entries.filter { !has.covers($0) }.map {
                    ["capability": .string($0.name), "value": .string($0.value), "status": "dropped"]
                })
        facts["dependencies"] = .array(
            package.manifest.dependencies.map { name, range in
                ["name": .string(name), "range": .string(range), "version": after.package(name).map { .string($0.manifest.version) } ?? .null]
            })
        facts["order"] = .array(after.packages.map { .string($0.name) })
        func names(_ plugins: InstalledPlugins) -> [String: Endpoint] {
            Dictionary(plugins.endpoints.map { ("\($0.method.rawValue) \($0.path)", $0) }, uniquingKeysWith: { $1 })
        }
        let old = names(before), new = names(after)
        func route(_ endpoint: Endpoint, _ change: String) -> Value {
            var permission = Value.null
            if case .permission(let name) = endpoint.access { permission = .string(name) }
            return [
                "method": .string(endpoint.method.rawValue), "path": .string(endpoint.path.description), "permission": permission,
                "change": .string(change),
            ]
        }
        facts["routes"] = .array(
            new.filter { old[$0.key] == nil }.sorted { $0.key < $1.key }.map { route($0.value, "added") }
                + old.filter { new[$0.key] == nil }.sorted { $0.key < $1.key }.map { route($0.value, "removed") })
        facts["hooks"] = .array(after.hookOrder(touching: package.name))
        func titles(_ permissions: [Permission]) -> [Value] { permissions.map { ["name": .string($0.name), "title": .string($0.title)] } }
        let known = Set(former?.manifest.permissions.map(\.name) ?? [])
        facts["permissions"] = .array(titles(package.manifest.permissions.filter { !known.contains($0.name) }))
        facts["series"] = .array(package.manifest.series.map { .string($0.name) })
        facts["settings"] = .array(package.manifest.settings.map { .string($0.field.name) })
    }
}

extension InstalledPlugins {
    /// Which hooks run in which order, for each record type and phase where a plugin has one.
    func hookOrder(touching plugin: String? = nil) -> [Value] {
        hooks.filter { plugin == nil || $0.value.contains { $0.plugin == plugin } }
            .sorted { ($0.key.on, $0.key.phase.rawValue) < ($1.key.on, $1.key.phase.rawValue) }
            .map { key, hooks in
                [
                    "on": .string(key.on), "phase": .string(key.phase.rawValue),
                    "order": .array(hooks.map { .string("\($0.plugin):\($0.id)") }),
                ]
            }
    }
}

extension RevisionLibrary {
    /// Files under a hash, read when they are needed.
    struct PackageReference {
        let hash: String
        let files: () throws -> [String: [UInt8]]
    }

    func reference(_ id: Int64, hash: String) -> PackageReference {
        PackageReference(hash: hash) { try files(of: id) }
    }

    /// - Parameter references: in the order of dependencies.
    func plugins(_ references: [PackageReference]) throws -> InstalledPlugins {
        if references.isEmpty { return .none }
        return try Shared.plugins.value(references.map(\.hash).joined(separator: " ")) {
            var packages: [PluginPackage] = []
            for reference in references { packages.append(try Shared.package(reference.hash, after: packages, files: reference.files)) }
            return try InstalledPlugins(packages)
        }
    }

    /// A package that is not in force, read beside those that are; nil where it cannot be read any more.
    func package(_ id: Int64, among plugins: InstalledPlugins) throws -> PluginPackage? {
        let files = try files(of: id)
        return try? PluginPackage(files: files, dependencies: plugins.packages)
    }
}
