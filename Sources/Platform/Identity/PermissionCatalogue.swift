import Core

/// One thing that may be allowed, by name.
package struct Permission: Sendable, Hashable {
    /// `ledger.post`; a plugin may also use its source document's own word, such as `canManageStock`.
    package let name: String
    package let title: String
    /// Who brings it: `kernel` or the plugin's name.
    package let origin: String
    /// What who holds it may do as well; permissions of the same plugin.
    package let includes: [String]

    package init(_ name: String, title: String, origin: String = "kernel", includes: [String] = []) {
        self.name = name
        self.title = title
        self.origin = origin
        self.includes = includes
    }

    /// Letters, digits, `.`, `_`, `-`; starts with a letter; at most 80 characters.
    package static func isWellFormed(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first), name.utf8.count <= 80 else { return false }
        return name.utf8.allSatisfy { byte in
            isLetter(byte) || (0x30...0x39).contains(byte) || byte == 0x2E || byte == 0x5F || byte == 0x2D
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// All permissions that there are for a tenant: the kernel's, and those of the plugins in its revision.
package struct PermissionCatalogue: Sendable {
    /// Grants everything; only roles hold it.
    package static let everything = "*"

    package let permissions: [Permission]
    private let names: Set<String>

    /// - Parameter plugins: the plugins' permissions; a name that is the kernel's stays the kernel's.
    package init(plugins: [Permission] = []) {
        let kernel = Set(Self.kernel.map(\.name))
        var seen = kernel
        permissions = Self.kernel + plugins.filter { seen.insert($0.name).inserted }
        names = seen
    }

    package func contains(_ name: String) -> Bool { names.contains(name) }

    package static let kernel: [Permission] = [
        Permission("users.view", title: "See users, their roles and permissions"),
        Permission("users.edit", title: "Add and change users, their roles and permissions"),
        Permission("roles.edit", title: "Add, change and remove roles"),
        Permission("tokens.edit", title: "See, make and revoke everybody's API tokens"),
        Permission("branches.view", title: "See branches and tills"),
        Permission("branches.edit", title: "Add and change branches and tills"),
        Permission("audit.view", title: "See the audit trail and refused writes"),
        Permission("ledger.view", title: "See accounts, entries and balances"),
        Permission("ledger.post", title: "Post journal entries by hand"),
        Permission("ledger.reverse", title: "Reverse entries"),
        Permission("ledger.hold", title: "Place, capture and void holds"),
        Permission("ledger.edit_accounts", title: "Open, limit, freeze and close accounts"),
        Permission("ledger.close_period", title: "Close a month"),
        Permission("ledger.approve_close", title: "Approve a close that somebody else prepared"),
        Permission("ledger.reopen_period", title: "Reopen a closed month"),
        Permission("ledger.lock_period", title: "Lock a month for good"),
        Permission("ledger.reconcile", title: "Import statements, match them with the books and close reconciliations"),
        Permission("ledger.verify", title: "Verify the books and write checkpoints"),
        Permission("ledger.export", title: "Export the journal"),
        Permission("sequences.view", title: "See number sequences"),
        Permission("sequences.edit", title: "Move number sequences forward"),
        Permission("scripts.view", title: "See rules, plugins and their versions"),
        Permission("scripts.edit", title: "Write drafts of rules and scripts"),
        Permission("scripts.publish", title: "Publish and roll back revisions, install plugins"),
        Permission("reports.view", title: "See which reports and dashboards there are"),
        Permission("jobs.view", title: "See jobs, their schedules and their history"),
        Permission("jobs.run", title: "Run, cancel and repeat jobs"),
        Permission("outbox.view", title: "See messages that go out"),
        Permission("outbox.edit", title: "Cancel and repeat messages that go out"),
        Permission("secrets.edit", title: "Set and remove secrets; nobody can read them"),
        Permission("settings.view", title: "See settings"),
        Permission("settings.edit", title: "Change settings"),
        Permission("backup.run", title: "Make a backup"),
        Permission("tenant.freeze", title: "Stop all changes of the business and let them go on; put everybody out after a breach"),
        Permission("metrics.view", title: "See metrics and detailed health"),
        Permission("tenant.export", title: "Read everything for an export while the tenant is inactive"),
    ]
}
