import Core
import Platform

/// Every endpoint of the kernel, in the order in which they are documented.
enum KernelEndpoints {
    /// What each tenant is served.
    static func tenant(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        PlatformEndpoints.tenant + LedgerEndpoints.all + SequenceEndpoints.all + RateLimitEndpoints.make(application)
            + BackupEndpoints.tenant + LogEndpoints.tenant + StatisticsEndpoints.tenant(application)
            + HealthEndpoints.make(application) + DatabaseEndpoints.tenant
            + [EventsEndpoint.endpoint, OpenAPIEndpoint.make(access: .signedIn, application)]
    }

    /// What the operator is served, on the operator's hosts and the local socket.
    static func `operator`(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        OperatorEndpoints.make(application) + HealthEndpoints.operator(application) + StatisticsEndpoints.operator(application)
            + DoctorEndpoints.operator + LogEndpoints.operator + DatabaseEndpoints.operator + [OpenAPIEndpoint.make(access: .operator, application)]
    }
}
