import Core
import Platform
import Scripting
import Storage
import Testing

/// From one version of a plugin to the next and back, with rows in its tables.
@Suite struct UpgradeTests {
    private typealias Bench = PluginBench

    private func columns(_ bench: PluginBench, _ table: String = "rental_assets") throws -> [String] {
        try bench.house.acme.store.read { db in try db.query(SQL("SELECT name FROM pragma_table_info(?1)"), table) { $0.text(0) } }
    }

    /// A request that has begun on the revision in force.
    private func waitingCall(_ bench: PluginBench) throws -> Call {
        let tenant = bench.house.acme
        let revision = try #require(tenant.revisionSlot.current)
        return Call(
            endpoint: try #require(revision.endpoints.first), instance: bench.house.instance, tenant: tenant, revision: revision,
            principal: PluginBench.admin, requestID: "waiting", now: bench.house.now)
    }

    private func assets(_ bench: PluginBench) throws -> [Value] {
        // As it goes over the wire: money as its minor units.
        try JSON.parse(JSON.serialize(try bench.call(.get, "/api/rental-assets").value))["items"]?.array ?? []
    }

    @Test func `what only adds or widens is done at once, and rows keep their ids and referrers`() throws {
        let bench = try PluginBench()
        let loans = [
            "records/loan.lua": """
            return { type = "rental.loan", title = "Loan", path = "rental-loans", append_only = true,
              permissions = { read = "rental.view", write = "rental.edit" },
              fields = { { "asset", "ref", to = "rental.asset", required = true },
                         { "items", "lines", fields = { { "what", "text", required = true } } } } }
            """
        ]
        try bench.install(PluginBench.rental(loans))
        let ladder = try bench.asset("Ladder"), drill = try bench.asset("Drill", more: ["colour": "red"])
        _ = try bench.call(.post, "/api/rental-loans", ["asset": .int(drill), "items": [["what": "bit"], ["what": "case"]]])
        let wider = """
            { "label", "text", required = true, max = 60, index = true },
            { "colour", "text" },
            { "rate", "money", required = true, min = -100 },
            { "state", "enum", values = { "FREE", "OUT", "LOST" }, default = "FREE" },
            { "serial", "text", unique = true },
            { "deposit", "money", required = true, default = 0 },
            { "home", "ref", to = "branch" },
            """
        let plan = try bench.plan(PluginBench.rental("1.1.0", fields: wider, loans))
        #expect(plan.action == .upgrade && plan.needs == [])
        let kinds = Set(plan.value["tables"]?.array?.compactMap { $0["change"]?.string } ?? [])
        #expect(kinds == ["add_column", "change_column", "create_index"])
        try bench.install(PluginBench.rental("1.1.0", fields: wider, loans))
        #expect(try assets(bench).map { $0["id"] } == [.int(ladder), .int(drill)])
        #expect(try assets(bench).map { $0["deposit"] } == [0, 0])
        _ = try bench.asset("Crane", rate: -50, more: ["state": "LOST", "serial": "C-1"])
        #expect(bench.refusal { try bench.asset("Crane", more: ["serial": "C-1"]) }?.status == 409)
        // What refers to the table that was made anew still does, and still holds it.
        let loan = try #require(try bench.call(.get, "/api/rental-loans").value["items"]?.array?.first)
        #expect(loan["asset"] == .int(drill))
        #expect(bench.refusal { _ = try bench.call(.delete, "/api/rental-assets/\(drill)") } != nil)
        let lines = try bench.house.acme.store.read { db in try db.integer(SQL("SELECT count(*) FROM rental_loan_items")) }
        #expect(lines == 2)
        #expect(try bench.house.acme.store.read { db in try db.soundness(full: true) } == [])
    }

    @Test func `what rows break is refused with their number, and nothing has changed`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        try bench.asset("Ladder", rate: 5)
        try bench.asset("Drill", rate: 500, more: ["state": "OUT"])
        try bench.asset("Drill", rate: 500)
        let before = try bench.dump()
        let cases = [
            ("rate", PluginBench.fields.replacing("min = 0", with: "min = 100")),
            ("colour", PluginBench.fields.replacing("\"colour\", \"text\"", with: "\"colour\", \"text\", required = true")),
            ("state", PluginBench.fields.replacing("\"FREE\", \"OUT\"", with: "\"FREE\"")),
            ("unique", PluginBench.fields.replacing("max = 60", with: "max = 60, unique = true")),
            ("brand", PluginBench.fields + "{ \"brand\", \"text\", required = true },"),
        ]
        for (what, fields) in cases {
            let problem = bench.refusal { try bench.install(PluginBench.rental("1.1.0", fields: fields)) }
            #expect(problem?.code == "plugin.data_breaks" && problem?.status == 409, "\(what): \(problem.debugDescription)")
            #expect(try bench.dump() == before, "\(what)")
        }
        // Where no row breaks it, a narrower field is taken.
        try bench.install(PluginBench.rental("1.1.0", fields: PluginBench.fields.replacing("min = 0", with: "min = 5")))
        #expect(bench.refusal { try bench.asset("Cheap", rate: 4) }?.status == 422)
    }

    @Test func `what would lose data is refused unless a migration file says so`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        try bench.asset("Ladder", more: ["colour": "red"])
        let before = try bench.dump()
        let without = PluginBench.fields.replacing("{ \"colour\", \"text\" },", with: "")
        let cases = [
            ("rental.asset.colour", PluginBench.rental("1.1.0", fields: without)),
            ("rental.asset.rate", PluginBench.rental("1.1.0", fields: PluginBench.fields.replacing("\"rate\", \"money\"", with: "\"rate\", \"decimal\""))),
            ("rental.asset", PluginBench.files(["plugin.lua": PluginBench.manifest("1.1.0")])),
            ("rental.asset", PluginBench.files(["plugin.lua": PluginBench.manifest("1.1.0"), "records/asset.lua": PluginBench.asset(PluginBench.fields, more: "plural = \"things\",")])),
        ]
        for (field, files) in cases {
            let problem = bench.refusal { _ = try bench.plan(files) }
            #expect(problem?.code == "plugin.schema_change" && problem?.field == field, "\(problem.debugDescription)")
        }
        #expect(try bench.dump() == before)
    }

    private let migration = [
        "migrations/0002_names.lua": """
        return { title = "Names instead of labels",
          steps = { { rename_field = "rental.asset.label", to = "name" }, { drop_field = "rental.asset.colour" } },
          backfill = {
            { field = "rental.asset.code", value = function(asset) return asset.name:upper() .. "-" .. asset.id .. (asset.colour or "") end },
            { field = "rental.asset.grade", value = "B" },
          } }
        """
    ]
    private let renamed = """
        { "name", "text", required = true, max = 60 },
        { "rate", "money", required = true, min = 0 },
        { "state", "enum", values = { "FREE", "OUT" }, default = "FREE" },
        { "code", "text", required = true, unique = true },
        { "grade", "enum", values = { "A", "B" }, required = true },
        """

    @Test func `a migration file renames, drops and fills in, after consent, and there is no way back`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        try bench.asset("Ladder", more: ["colour": "red"])
        try bench.asset("Drill")
        let next = PluginBench.rental("2.0.0", fields: renamed, migration)
        let plan = try bench.plan(next)
        #expect(plan.needs == [.destructive])
        #expect(plan.value["migrations"]?.array?.first?["destructive"] == true)
        let changes = plan.value["tables"]?.array?.compactMap { $0["change"]?.string } ?? []
        #expect(Set(changes).isSuperset(of: ["rename_column", "drop_column", "add_column", "backfill"]))
        let before = try bench.dump()
        #expect(bench.refusal { try bench.install(next, withholding: [.destructive]) }?.code == "plugin.consent_needed")
        #expect(try bench.dump() == before)
        let waiting = try waitingCall(bench)
        try waiting.requireServed()
        try bench.install(next)
        // A request that waited meanwhile knows columns that are gone.
        #expect(bench.refusal { try waiting.requireServed() }?.code == "revision.retired")
        try waitingCall(bench).requireServed()
        #expect(try assets(bench).map { $0["code"] } == ["LADDER-1red", "DRILL-2"])
        #expect(try assets(bench).map { $0["grade"] } == ["B", "B"])
        #expect(try columns(bench).contains("colour") == false)
        let problem = bench.refusal { _ = try ScriptThread.run { [work = bench.work] in try work.rollBack("rental") } }
        #expect(problem?.code == "plugin.rollback_blocked" && problem?.detail.contains("0002_names.lua") == true)
        // It has run; the next version brings it along and it does not run again, and its text stays.
        try bench.install(PluginBench.rental("2.1.0", fields: renamed, migration))
        let other = migration.mapValues { $0.replacing("\"B\"", with: "\"A\"") }
        #expect(bench.refusal { try bench.install(PluginBench.rental("2.2.0", fields: renamed, other)) }?.code == "plugin.migration_changed")
    }

    @Test func `a backfill that fails leaves everything as it was`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        try bench.asset("Ladder")
        let before = try bench.dump()
        for text in ["error(\"no\")", "return 7", "return nil", "while true do end", "record.create(\"rental.asset\", { name = \"x\", rate = money.of(1) })"] {
            let files = migration.mapValues { $0.replacing("return asset.name:upper() .. \"-\" .. asset.id .. (asset.colour or \"\")", with: text) }
            let problem = bench.refusal { try bench.install(PluginBench.rental("2.0.0", fields: renamed, files)) }
            #expect(problem != nil && (problem?.status ?? 500) < 500, "\(text): \(problem.debugDescription)")
            #expect(try bench.dump() == before, "\(text)")
        }
    }

    @Test func `a fresh installation of a later version has run no migration and needs none`() throws {
        let bench = try PluginBench()
        let result = try bench.install(PluginBench.rental("2.0.0", fields: renamed, migration))
        #expect(result.plan.value["migrations"] == [])
        #expect(try bench.plan(PluginBench.rental("2.1.0", fields: renamed, migration)).value["migrations"] == [])
    }

    @Test func `an upgrade that only added is rolled back and done again, and data stays`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        try bench.asset("Ladder")
        let filled = ["migrations/0001_serials.lua": "return { backfill = { { field = \"rental.asset.serial\", value = function(asset) return \"S\" .. asset.id end } } }"]
        let wider = PluginBench.fields + "{ \"serial\", \"text\", required = true },"
        try bench.install(PluginBench.rental("1.1.0", fields: wider, filled))
        try bench.asset("Drill", more: ["serial": "X9"])
        let work = bench.work
        let back = try ScriptThread.run { try work.rollBack("rental") }
        #expect(back.plan.action == .rollback && back.plan.version == "1.0.0")
        #expect(try assets(bench).map { $0["serial"] } == [nil, nil])
        try bench.asset("Crane")
        try bench.install(PluginBench.rental("1.1.0", fields: wider, filled))
        #expect(try assets(bench).map { $0["serial"] } == ["S1", "S2", "S3"])
        #expect(bench.refusal { _ = try ScriptThread.run { try work.rollBack("nothing") } }?.code == "plugin.not_installed")
    }

    @Test func `the first version has nothing to go back to`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        let work = bench.work
        #expect(bench.refusal { _ = try ScriptThread.run { try work.rollBack("rental") } }?.code == "plugin.no_former_version")
    }

    @Test func `the upgrade hook learns where it comes from, and a dropped type goes with its rows`() throws {
        let bench = try PluginBench()
        let note = ["records/note.lua": PluginBench.asset("{ \"text\", \"text\" }").replacing("rental.asset", with: "rental.note").replacing("rental-assets", with: "rental-notes")]
        try bench.install(PluginBench.rental(note))
        _ = try bench.call(.post, "/api/rental-notes", ["text": "hello"])
        let next = [
            "migrations/0001_notes.lua": "return { steps = { { drop_type = \"rental.note\" } } }",
            "hooks/upgrade.lua": "return { id = \"u\", on = \"plugin\", phase = \"upgrade\", run = function(from) record.create(\"rental.asset\", { label = \"from \" .. from, rate = money.of(1) }) end }",
        ]
        try bench.install(PluginBench.rental("1.1.0", next))
        #expect(try assets(bench).map { $0["label"] } == ["from 1.0.0"])
        #expect(try columns(bench, "rental_notes") == [])
    }
}
