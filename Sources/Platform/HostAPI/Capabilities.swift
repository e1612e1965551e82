import Core

/// What a plugin's code may reach beyond what is its own. Each host function that reaches out asks here, at each call.
extension HostRun {
    /// - Parameters:
    ///   - capability: as in the manifest: `ledger.read`, `http`, `job.enqueue`.
    ///   - value: what is reached; granted word for word, or by an entry that ends with `*`.
    /// - Throws: 403 `script.capability` naming the capability. Rule files of the tenant's own have no manifest and are told so.
    func require(_ capability: String, _ value: String, by function: String) throws {
        guard !holds(capability, value) else { return }
        throw Problem(
            403, "script.capability",
            "\(function): the plugin \(package?.name ?? "(a rule file)") has no capability \(capability) for “\(value)”. Name it in capabilities.\(capability).",
            extra: [("capability", .string(capability)), ("value", .string(value))])
    }

    func holds(_ capability: String, _ value: String) -> Bool {
        if isTrusted { return true }
        guard let package else { return false }
        return package.manifest.grants(capability).contains { granted in
            granted == value || granted.hasSuffix("*") && value.hasPrefix(granted.dropLast())
        }
    }

    /// Balances and entries of an account: for who names it in `ledger.read`, or may post to it.
    func mayRead(account: String, by function: String) throws {
        if package == nil || holds("ledger.post", account) { return }
        try require("ledger.read", account, by: function)
    }

    /// Entries that its own records led to are a plugin's own; all others take an account that it may read, or all of them.
    func mayRead(entriesOf source: String?, account: String?, by function: String) throws {
        if let package, let source, source.hasPrefix("\(package.name).") { return }
        try mayRead(account: account ?? "*", by: function)
    }

    /// Numbers of a series that the plugin declares itself, or names in `sequence`.
    func mayNumber(series: String, by function: String) throws {
        guard let package, !package.manifest.series.contains(where: { $0.name == series }) else { return }
        try require("sequence", series, by: function)
    }
}

extension HostRun {
    /// A plugin does with another's records what its user may do, and more only where `elevate` names the permission.
    /// - Throws: 403 `script.right` naming the permission.
    func requireRight(_ permission: String?, to verb: String, _ type: RecordType, by function: String) throws {
        guard let permission, let package, !scope.may(permission), !package.manifest.elevated.contains(permission) else { return }
        throw Problem(
            403, "script.right",
            "\(function): to \(verb) \(type.name) takes \(permission), which \(scope.principal.username) does not hold. Grant it, or name it in capabilities.elevate of \(package.name).",
            extra: [("permission", .string(permission))])
    }
}

extension Manifest {
    /// What a capability is granted for: `ledger.read` is `capabilities.ledger.read`.
    func grants(_ capability: String) -> [String] {
        var value: Value = .object(capabilities)
        for part in capability.split(separator: ".") { value = value[String(part)] ?? .null }
        return value.items?.compactMap(\.string) ?? []
    }
}
