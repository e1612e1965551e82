import Core
import Glibc
import Scripting
import Testing

/// Seeded; a failure prints the seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    static func seed() -> UInt64 {
        getenv("KONTOR_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...UInt64.max)
    }
}

@Suite struct FlatTests {
    static func read<Result>(_ value: Value, _ body: (inout FlatReader) throws -> Result) throws -> Result {
        let bytes = try #require(Flat.bytes { $0.write(value) })
        return try bytes.withUnsafeBytes { buffer in
            var reader = FlatReader(buffer)
            return try body(&reader)
        }
    }

    static func random(_ random: inout SeededRandom, depth: Int = 0) throws -> Value {
        switch Int.random(in: 0..<(depth > 3 ? 7 : 10), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .int(Int64.random(in: .min ... .max, using: &random))
        case 3: return .double(Double.random(in: -1e9...1e9, using: &random))
        case 4: return .string(["", "x", "läuft", "𝄞 \u{1}", String(repeating: "long ", count: 20)].randomElement(using: &random)!)
        case 5: return .decimal(try Decimal(coefficient: Int64.random(in: -1_000_000...1_000_000, using: &random), scale: 3))
        case 6:
            return .money(Money(minor: Int64.random(in: .min ... .max, using: &random), try Currency(["GHS", "JPY", "KWD"].randomElement(using: &random)!)))
        case 7, 8: return .array(try (0..<Int.random(in: 1...6, using: &random)).map { _ in try Self.random(&random, depth: depth + 1) })
        default:
            var object = Object()
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                object["k\(Int.random(in: 0...99, using: &random))"] = try Self.random(&random, depth: depth + 1)
            }
            return .object(object)
        }
    }

    /// Lua has no nil inside a table: such fields are gone, such lists end or have holes.
    static func withoutNulls(_ value: Value) -> Value {
        switch value {
        case .array(let items): .array(items.map { $0.isNull ? .int(0) : withoutNulls($0) })
        case .object(let object): .object(Object(object.filter { !$0.value.isNull }.map { ($0.key, withoutNulls($0.value)) }))
        default: value
        }
    }

    @Test func `what is written is read back`() throws {
        let seed = SeededRandom.seed()
        var random = SeededRandom(seed)
        for round in 0..<2_000 {
            let value = try Self.random(&random)
            let back = try Self.read(value) { try $0.readValue() }
            #expect(back == value, "seed \(seed), round \(round)")
        }
    }

    @Test func `values survive the way through Lua`() throws {
        let seed = SeededRandom.seed()
        try onScriptThread {
            var random = SeededRandom(seed)
            let same = try program("return { run = function(x) return x end }")
            for round in 0..<2_000 {
                let value = Self.withoutNulls(try Self.random(&random))
                let back = try same.run("run", [value], limits: .read).value
                // an object all of whose fields were nil comes back as an empty table
                let expected = JSON.serialize(value).map { $0 }
                let same = back == value || String(decoding: expected, as: UTF8.self).contains("{}")
                #expect(same, "seed \(seed), round \(round): \(value) became \(back)")
            }
        }
    }

    @Test func `JSON from flat values is what the tree gives`() throws {
        let seed = SeededRandom.seed()
        var random = SeededRandom(seed)
        for round in 0..<1_000 {
            let value = try Self.random(&random)
            let json = try Self.read(value) { reader in
                var writer = JSONWriter()
                try reader.writeJSON(into: &writer)
                return writer.bytes
            }
            #expect(json == JSON.serialize(value), "seed \(seed), round \(round)")
        }
    }

    @Test func `fields are read in place, and those left alone are passed over`() throws {
        let seen = try Self.read(["id": 7, "skipped": ["deep": [1, 2]], "name": "x", "more": .null]) { reader in
            var id: Int64 = 0, name = ""
            try reader.readMap { key, reader in
                switch key {
                case "id": id = try reader.readInt()
                case "name": name = try reader.readString()
                default: break
                }
            }
            return "\(id) \(name) \(reader.isAtEnd)"
        }
        #expect(seen == "7 x true")
    }

    @Test func `the wrong kind is told, and reading past the end reads nil`() throws {
        func failure(_ body: () throws -> Void) -> FlatError? {
            do { try body() } catch { return error as? FlatError }
            return nil
        }
        try Self.read("text") { (reader: inout FlatReader) throws -> Void in
            #expect(failure { _ = try reader.readInt() } == .mismatch(expected: "an integer", found: .string))
            #expect(failure { _ = try reader.readMoney() } == .mismatch(expected: "money", found: .string))
            let text = try reader.readString(), nothing = try reader.optionalString(), none = try reader.optionalInt()
            #expect(text == "text" && nothing == nil && none == nil)
            let value = try reader.readValue()
            #expect(value == .null)
            #expect(failure { _ = try reader.readString() } == .mismatch(expected: "text", found: .null))
        }
    }

    @Test func `damaged bytes are refused, never read beyond`() throws {
        let seed = SeededRandom.seed()
        var random = SeededRandom(seed)
        for _ in 0..<5_000 {
            let value = try Self.random(&random)
            var bytes = try #require(Flat.bytes { $0.write(value) })
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...min(3, bytes.count - 1), using: &random))
            bytes.withUnsafeBytes { buffer in
                var reader = FlatReader(buffer)
                _ = try? reader.readValue()
                var other = FlatReader(buffer)
                try? other.skip()
            }
        }
    }

    @Test func `decimals calculate in Lua as they do in Swift`() throws {
        let seed = SeededRandom.seed()
        let prelude = try CompiledChunk(
            """
            local kernel = ...
            local d = kernel.decimal
            kernel.global("op", function(name, ...) return d[name](...) end)
            """, name: "p.lua", kernel: true)
        let base = ScriptBase(functions: [], prelude: [prelude])
        let modes: [(String, RoundingMode)] = [
            ("half_up", .halfUp), ("half_even", .halfEven), ("half_down", .halfDown), ("down", .down), ("up", .up),
            ("floor", .floor), ("ceiling", .ceiling),
        ]
        try onScriptThread {
            var random = SeededRandom(seed)
            let lua = try program("return { run = function(...) return op(...) end }", base: base)
            func number(_ random: inout SeededRandom) throws -> Decimal {
                let width = [10, 1_000, 1_000_000, 1_000_000_000_000, Int64.max].randomElement(using: &random)!
                return try Decimal(
                    coefficient: Int64.random(in: -width...width, using: &random), scale: Int.random(in: 0...12, using: &random))
            }
            for round in 0..<3_000 {
                let a = try number(&random), b = try number(&random)
                let (name, mode) = modes.randomElement(using: &random)!
                let places = Int.random(in: 0...10, using: &random)
                let cases: [(String, [Value], Decimal?)] = [
                    ("add", [], try? a.adding(b)), ("sub", [], try? a.subtracting(b)), ("mul", [], try? a.multiplied(by: b)),
                    ("div", [.int(Int64(places)), .string(name)], try? a.divided(by: b, places: places, rounding: mode)),
                ]
                for (operation, more, wanted) in cases {
                    let got = try? lua.run("run", [.string(operation), .decimal(a), .decimal(b)] + more, limits: .request).value
                    #expect(got == wanted.map { Value.decimal($0) }, "seed \(seed), round \(round): \(a) \(operation) \(b) \(more)")
                }
            }
        }
    }

    @Test func `shares in Lua are those in Swift`() throws {
        let seed = SeededRandom.seed()
        let prelude = try CompiledChunk(
            "local kernel = ... kernel.global('allocate', kernel.money.allocate)", name: "p.lua", kernel: true)
        let base = ScriptBase(functions: [], prelude: [prelude])
        try onScriptThread {
            var random = SeededRandom(seed)
            let lua = try program("return { run = function(m, w) return allocate(m, w) end }", base: base)
            for round in 0..<1_000 {
                let amount = Money(minor: Int64.random(in: -1_000_000_000...1_000_000_000, using: &random), try Currency("GHS"))
                let weights = (0..<Int.random(in: 1...9, using: &random)).map { _ in Int64.random(in: 0...1_000, using: &random) }
                let wanted = try? amount.split(by: weights)
                let got = try? lua.run("run", [.money(amount), .array(weights.map { .int($0) })], limits: .request).value
                #expect(got == wanted.map { .array($0.map { .money($0) }) }, "seed \(seed), round \(round): \(amount) by \(weights)")
            }
        }
    }
}
