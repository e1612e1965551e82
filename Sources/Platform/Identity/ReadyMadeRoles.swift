/// The roles that every tenant starts with. They are rows like any other afterwards: an admin may change or remove them.
struct ReadyMadeRole: Sendable {
    let name: String
    let title: String
    let permissions: [String]

    static let all: [ReadyMadeRole] = [
        ReadyMadeRole(name: "admin", title: "Administrator", permissions: [PermissionCatalogue.everything]),
        ReadyMadeRole(
            name: "director", title: "Director",
            permissions: PermissionCatalogue.kernel.map(\.name).filter { !["scripts.edit", "scripts.publish"].contains($0) }),
        ReadyMadeRole(
            name: "manager", title: "Manager",
            permissions: [
                "users.view", "branches.view", "audit.view", "ledger.view", "ledger.reverse", "ledger.hold",
                "reports.view", "sequences.view", "scripts.view", "settings.view",
            ]),
        ReadyMadeRole(name: "cashier", title: "Cashier (User)", permissions: ["branches.view"]),
        // Prepares the close; approving, reopening and locking it is somebody else's.
        ReadyMadeRole(
            name: "accountant", title: "Accountant",
            permissions: [
                "branches.view", "audit.view", "ledger.view", "ledger.post", "ledger.reverse", "ledger.hold",
                "ledger.edit_accounts", "ledger.close_period", "ledger.reconcile", "ledger.verify", "ledger.export", "reports.view",
                "sequences.view",
                "settings.view",
            ]),
    ]
}
