import Core
import Platform
import Scripting
import Storage
import Testing

/// Whatever a version adds or widens, its tables end up as a fresh installation would make them, and rows stay what they were.
@Suite struct SchemaPropertyTests {
    private struct Chance: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// A field as it may be written, from narrow to wide.
    private static let pool: [(name: String, forms: [String])] = [
        ("colour", ["\"text\", max = 20", "\"text\", max = 20, index = true"]),
        ("weight", ["\"decimal\", places = 3, min = 0, max = 10", "\"decimal\", places = 3, min = 0", "\"decimal\", places = 3"]),
        ("share", ["\"percent\"", "\"percent\", default = 5"]),
        ("count", ["\"integer\", min = 1, max = 9", "\"integer\", min = 0"]),
        ("price", ["\"money\", required = true, default = 0, min = 0", "\"money\", default = 0", "\"money\""]),
        ("since", ["\"date\"", "\"date\", index = true"]),
        ("open", ["\"boolean\", default = false", "\"boolean\""]),
        ("state", ["\"enum\", values = { \"A\" }, default = \"A\"", "\"enum\", values = { \"A\", \"B\" }, default = \"B\"", "\"enum\", values = { \"A\", \"B\", \"C\" }"]),
        ("home", ["\"ref\", to = \"branch\"", "\"ref\", to = \"branch\", index = true"]),
        ("parts", ["\"lines\", fields = { { \"what\", \"text\", required = true } }", "\"lines\", fields = { { \"what\", \"text\" }, { \"count\", \"integer\" } }"]),
    ]

    private static func fields(_ chosen: [(name: String, form: Int)]) -> String {
        "{ \"label\", \"text\", required = true },\n" + chosen.map { name, form in
            let forms = pool.first { $0.name == name }?.forms ?? []
            return "{ \"\(name)\", \(forms[min(form, forms.count - 1)]) },"
        }.joined(separator: "\n")
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `tables after upgrades are those of a fresh installation`(seed: UInt64) throws {
        var chance = Chance(state: seed)
        let bench = try PluginBench()
        var chosen = Self.pool.filter { _ in Bool.random(using: &chance) }.map { (name: $0.name, form: 0) }
        try bench.install(PluginBench.rental("1.0.0", fields: Self.fields(chosen)))
        for number in 1...6 { _ = try bench.call(.post, "/api/rental-assets", ["label": .string("a\(number)")]) }
        func rows() throws -> [Value] { try bench.call(.get, "/api/rental-assets").value["items"]?.array ?? [] }
        let before = try rows().map { [$0["id"], $0["label"]] }
        for version in 1...4 {
            for index in chosen.indices where Bool.random(using: &chance) { chosen[index].form += 1 }
            chosen += Self.pool.filter { new in !chosen.contains { $0.name == new.name } && Int.random(in: 0..<3, using: &chance) == 0 }
                .map { (name: $0.name, form: 0) }
            chosen.shuffle(using: &chance)
            let files = PluginBench.rental("1.\(version).0", fields: Self.fields(chosen))
            #expect(try bench.plan(files).needs == [], "seed \(seed), version \(version)")
            try bench.install(files)
            #expect(try rows().map { [$0["id"], $0["label"]] } == before, "seed \(seed), version \(version)")
            // Nothing is left to do for the same fields.
            let again = try bench.plan(PluginBench.rental("1.\(version).1", fields: Self.fields(chosen)))
            #expect(again.value["tables"] == [], "seed \(seed), version \(version): \(again.value["tables"] ?? .null)")
            if Bool.random(using: &chance) {
                let work = bench.work
                _ = try ScriptThread.run { try work.rollBack("rental") }
                #expect(try rows().map { [$0["id"], $0["label"]] } == before, "seed \(seed), back from \(version)")
                try bench.install(files)
            }
        }
        #expect(try bench.house.acme.store.read { db in try db.soundness(full: true) } == [])
        _ = try bench.call(.post, "/api/rental-assets", ["label": "last"])
    }
}
