import Core
import Storage

/// Runs the tests that a plugin brings, on the copy that it was installed on.
enum PluginTests {
    /// One value each: `name`, `ok`, and for failed ones `where` (`file:line`) and `message`.
    static func run(
        _ files: [String: [UInt8]], _ revision: Revision, _ db: Connection, tenant: Tenant, instance: Instance, folder: String
    ) throws -> [Value] {
        []
    }
}
