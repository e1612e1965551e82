/// What this room answers for each tenant, whatever its plugins: the one list, in the order in which it is documented.
package enum PlatformEndpoints {
    package static let tenant: [Endpoint] =
        IdentityEndpoints.all + ScriptEndpoints.endpoints + ConsoleEndpoints.endpoints + PluginEndpoints.endpoints
        + MetaEndpoints.endpoints + HookEndpoints.endpoints + ReportEndpoints.endpoints + JobEndpoints.all
        + OutboxEndpoints.all + SettingsEndpoints.all + SecretEndpoints.all + FileEndpoints.all
        + DoctorEndpoints.tenant + ReadOnlyEndpoints.tenant
}
