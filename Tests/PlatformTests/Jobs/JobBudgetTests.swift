import Core
import Platform
import Testing

/// More steps for a job than every job has: asked for in the manifest, shown in the plan, granted at install, kept to.
@Suite struct JobBudgetTests {
    private static func plugin(_ version: String, _ budgets: String, own: String = "") -> [String: [UInt8]] {
        PluginBench.rental(version, manifest: budgets, [
            "jobs/count.lua": "return { id = \"count\", retry = { times = 0 }, \(own) run = function(c) c = (c or 0) + 1; if c < 3000 then return c end end }"
        ])
    }

    @Test func `more than usual is shown, takes consent, and so does still more; less does not`() throws {
        let bench = try PluginBench()
        let plain = try bench.plan(Self.plugin("1.0.0", ""))
        #expect(plain.needs == [.publisherKey])
        let usual = try bench.plan(Self.plugin("1.0.0", "budgets = { [\"job:count\"] = { slices = 20 } },"))
        #expect(usual.needs == [.publisherKey])
        let files = Self.plugin("1.0.0", "budgets = { [\"job:count\"] = { slices = 5000 } },")
        let plan = try bench.plan(files)
        #expect(plan.needs == [.capabilities, .publisherKey])
        #expect(plan.facts["capabilities"] == [["capability": "budget.job:count.slices", "value": "5000", "status": "new"]], "\(plan.facts["capabilities"] ?? .null)")
        #expect(bench.refusal { try bench.install(files, withholding: [.capabilities]) }?.code == "plugin.consent_needed")
        _ = try bench.install(files)
        #expect(try bench.plan(Self.plugin("1.1.0", "budgets = { [\"job:count\"] = { slices = 5001 } },")).needs == [.capabilities])
        #expect(try bench.plan(Self.plugin("1.1.0", "budgets = { [\"job:count\"] = { slices = 4000 } },")).needs == [])
    }

    @Test(arguments: [("", "", "dead"), ("budgets = { [\"job:count\"] = { slices = 20 } },", "", "dead"), ("budgets = { [\"job:count\"] = { slices = 3000 } },", "", "done"),
        ("budgets = { [\"job:count\"] = { slices = 3000 } },", "budgets = { slices = 2999 },", "dead")])
    func `a job has what was granted, and no step more`(budgets: String, own: String, state: String) throws {
        let works = try Works()
        let files = Self.plugin("1.0.0", budgets, own: own)
        try works.install(files.mapValues { String(decoding: $0, as: UTF8.self) })
        let id = try works.run("rental.count")
        works.settle()
        let row = try works.row(id)
        #expect(row["state"] == .string(state), "\(row)")
        if state == "dead" { #expect(row["last_error"]?.string?.hasPrefix("job.slices: The job took its") == true, "\(row)") }
    }

    @Test(arguments: [
        ("budgets = { [\"job:other\"] = { slices = 20 } },", "", "is for a job that the plugin does not have"),
        ("budgets = { nightly = { slices = 20 } },", "", "must be [\"job:ID\"] = { slices = … }"),
        ("budgets = { [\"job:count\"] = { slices = 0 } },", "", "must be from 1 to 100000"),
        ("budgets = { [\"job:count\"] = { hours = 2 } },", "", "hours"),
        ("", "budgets = { slices = 1001 },", "more is asked for in plugin.lua"),
    ])
    func `what cannot be asked for is refused with its place`(budgets: String, own: String, message: String) throws {
        let bench = try PluginBench()
        let problem = bench.refusal { _ = try bench.plan(Self.plugin("1.0.0", budgets, own: own)) }
        #expect(problem?.detail.contains(message) == true, "\(String(describing: problem))")
    }
}
