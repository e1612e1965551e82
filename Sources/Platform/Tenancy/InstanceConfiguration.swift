import Core
import Storage

/// How an installation is run.
package struct InstanceConfiguration: Sendable {
    /// Whether browsers reach the server by TLS: decides the session cookie's name and the links in messages.
    package var isSecure: Bool
    /// The port in links; nil for the scheme's own.
    package var publicPort: Int?
    /// What is applied to every tenant's database when it is opened, in this order.
    package var tenantMigrations: [Migration]
    package var laneThreads: Int
    /// How long a tenant's database stays open unused.
    package var idleSeconds: Int
    /// What one guess of a password costs; tests take less.
    package var passwordCost: Password.Cost
    /// Where tenants' messages may go.
    package var outbound: OutboundPolicy
    /// The way there; nil for the real one.
    package var transport: (any Transport)?
    /// Whether a log of each tenant's changes is kept beside the copies, to restore to any moment.
    package var keepsChangeLog = true
    /// A statement that takes longer is logged.
    package var slowStatementMilliseconds = 1_000

    package init(
        isSecure: Bool = false, publicPort: Int? = nil, tenantMigrations: [Migration] = TenantMigrations.all,
        laneThreads: Int = 8, idleSeconds: Int = 60, passwordCost: Password.Cost = .standard, outbound: OutboundPolicy = OutboundPolicy(), transport: (any Transport)? = nil
    ) {
        self.isSecure = isSecure
        self.publicPort = publicPort
        self.tenantMigrations = tenantMigrations
        self.laneThreads = laneThreads
        self.idleSeconds = idleSeconds
        self.passwordCost = passwordCost
        self.outbound = outbound
        self.transport = transport
    }
}
