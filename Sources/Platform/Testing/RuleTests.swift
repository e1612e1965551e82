import Core
import Scripting
import Storage

/// Runs the tests of a rule file on a copy of the tenant's data, with the draft in force there.
enum RuleTests {
    /// - Parameter source: the tests; those that came with the program where none are given.
    /// - Throws: 404 `script.not_found`; 422 `script.no_tests`; what keeps the draft from loading.
    static func run(_ path: String, tests source: String?, _ call: Call) throws -> Value {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Scripts belong to a tenant.") }
        let file = "\(path.hasSuffix(".lua") ? String(path.dropLast(4)) : path)_test.lua"
        let given = source.map { (file: file, source: Array($0.utf8)) }
        guard let tests = try given ?? Shipped(home: call.instance.homePath).ruleTests(path) else {
            throw Problem(422, "script.no_tests", "\(path) has no tests. Write them in \(file), or send them as “tests”.")
        }
        let results = try TestCopy.with(tenant, call.instance) { db in
            let library = RevisionLibrary(db)
            let (id, contents) = try library.currentContents()
            let revision = try library.revision(id: id, contents)
            let scripts = Scripts(db, revision: revision, currency: tenant.currency, country: tenant.country)
            return try ScriptTesting.run(
                [tests],
                on: TestSubject(db: db, tenant: tenant, instance: call.instance, revision: try scripts.revisionWithDraft(path), package: nil),
                start: call.now)
        }
        return TestReport.value(results)
    }
}

/// What tests gave, as the API and the command line tell it.
package enum TestReport {
    package static func value(_ results: [TestResult]) -> Value {
        let failed = results.count { !$0.isGood }
        return [
            "ok": .bool(failed == 0), "passed": .int(Int64(results.count { $0.verdict == .passed })), "failed": .int(Int64(failed)),
            "tests": .array(results.map(\.value)),
        ]
    }

    package static let schema: Schema = .object([
        .init("ok", .boolean, required: true), .init("passed", .integer(minimum: 0), required: true),
        .init("failed", .integer(minimum: 0), required: true), .init("tests", .array(TestResult.schema), required: true),
    ])
}
