import Core
import Storage

/// Runs the tests that a plugin brings, on the copy that it was installed on.
enum PluginTests {
    /// One value each: `name`, `ok`, `verdict`, `where` (`file:line`), `message`, `instructions`.
    static func run(
        _ files: [String: [UInt8]], _ revision: Revision, _ db: Connection, tenant: Tenant, instance: Instance, folder: String, only: Set<String>? = nil
    ) throws -> [Value] {
        let hash = PluginPackage.hash(files)
        guard let package = revision.plugins.packages.first(where: { $0.hash == hash }) else { return [] }
        let tests = files.filter { $0.key.hasPrefix("tests/") && $0.key.hasSuffix("_test.lua") && only?.contains($0.key) ?? true }.sorted { $0.key < $1.key }
        let subject = TestSubject(
            db: db, tenant: tenant, instance: instance, revision: revision, package: package, fixtures: files.filter { $0.key.hasPrefix("fixtures/") })
        return try ScriptTesting.run(
            tests.map { (file: "\(package.name)/\($0.key)", source: $0.value) }, on: subject, start: instance.now
        ).map(\.value)
    }

    /// - Throws: 422 with the first error's code and all findings, where the check finds what would fail later.
    static func check(_ files: [String: [UInt8]], _ revision: Revision) throws {
        let hash = PluginPackage.hash(files)
        let findings = ScriptCheck.plugin(files, dependencies: revision.plugins.packages.filter { $0.hash != hash })
        guard let first = findings.first(where: { $0.severity == .error }) else { return }
        throw Problem(
            422, first.code, first.text, field: first.field,
            extra: [
                ("file", .string(first.file)), ("line", first.line.map { .int(Int64($0)) } ?? .null), ("message", .string(first.message)),
                ("findings", .array(findings.map(\.value))),
            ])
    }
}
