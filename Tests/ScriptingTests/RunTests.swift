import Core
import Scripting
import Testing

@Suite struct RunTests {
    @Test func `values go in and out unchanged`() throws {
        let money = Money(minor: 1250, try Currency("GHS"))
        let arguments: [Value] = [
            .null, .bool(true), .int(.min), .int(.max), .double(1.5), "läuft", [1, "two", 3],
            ["a": 1, "b": ["c": [.bool(false)]]], .decimal(try Decimal("-0.125")), .money(money),
        ]
        #expect(try results("return ...", arguments) == arguments)
    }

    @Test func `an empty table can be read as a list and as a table with fields`() throws {
        let counts = try onScriptThread {
            try program("return { run = function() return {}, {} end }").run(
                "run", limits: .request, arguments: { _ in },
                result: { reader in [try reader.readArrayHeader(), try reader.readMapHeader()] }
            ).value
        }
        #expect(counts == [0, 0])
    }

    @Test func `fields come out in the order of their bytes`() throws {
        let value = try #require(try results("return { b = 1, a = 2, ab = 3, B = 4, ['é'] = 5 }").first)
        #expect(value.object?.keys == ["B", "a", "ab", "b", "é"])
    }

    @Test func `what one run leaves behind the next cannot see`() throws {
        let source = """
            local count, kept = 0, {}
            return { run = function(x) count = count + 1 kept[#kept + 1] = x string_seen = nil return count, #kept end }
            """.replacing(" string_seen = nil", with: "")
        let seen = try onScriptThread {
            let program = try program(source)
            return try (0..<5).map { _ in
                try program.run(
                    "run", limits: .request, arguments: { $0.string("secret") }, result: { try $0.readAll() }
                ).value
            }
        }
        #expect(seen == Array(repeating: [1, 1], count: 5))
    }

    @Test func `a path leads into the module's value, lists by number`() throws {
        let source = "return { fees = { late = function(d) return d * 2 end }, moves = { { guard = function() return 'g' end } } }"
        let values = try onScriptThread {
            let program = try program(source)
            return [
                try program.run("fees.late", [21], limits: .request).value,
                try program.run("moves.1.guard", limits: .request).value,
            ]
        }
        #expect(values == [42, "g"])
    }

    @Test func `a path to nothing is told`() throws {
        let error = #expect(throws: ScriptFault.self) {
            try onScriptThread { try program("return { a = 1 }").run("b.c", limits: .request).value }
        }
        #expect(error?.verdict == .error)
        #expect(error?.message.contains("b.c") == true)
    }

    @Test func `each calls once per list, in one run`() throws {
        let result = try onScriptThread {
            try program("local n = 0 return { run = function(a, b) n = n + 1 return a + b + n end }")
                .each("run", [[1, 2], [10, 20], [0, 0]], limits: .request)
        }
        #expect(result.value == [4, 32, 3])
    }

    @Test func `describe shows data and where functions are`() throws {
        let value = try onScriptThread {
            try program("return {\n id = 'x', rates = { 1, 2 },\n run = function() end }").describe()
        }
        #expect(value["id"] == "x")
        #expect(value["rates"] == [1, 2])
        #expect(value["run"] == ["$function": 3])
        #expect(value["run"]?.isScriptFunction == true)
    }

    @Test func `print goes to the log`() throws {
        let log = try onScriptThread {
            try program("return { run = function() print('a', 1, nil, {}) print() end }").run("run", limits: .request).log
        }
        #expect(log == "a\t1\tnil\ttable\n\n")
    }

    @Test func `the same run costs the same steps, loaded or not`() throws {
        let source = """
            return { run = function()
              local t = {} for i = 1, 500 do t['k' .. i] = math.random(1000) end
              local sum = 0 for k, v in pairs(t) do sum = sum * 31 % 1000003 + v + #k end
              return sum end }
            """
        let outcomes = try onScriptThread {
            let program = try program(source)
            return try (0..<20).map { _ in
                let result = try program.run("run", limits: .request, seed: 7)
                return [result.value, .int(Int64(result.usage.steps))]
            }
        }
        #expect(Set(outcomes.map(\.description)).count == 1)
        #expect(outcomes[0][1].int ?? 0 > 500)
    }

    @Test func `another seed gives other numbers`() throws {
        let numbers = try onScriptThread {
            let program = try program("return { run = function() return math.random(1 << 40) end }")
            return try (0..<10).map { try program.run("run", limits: .request, seed: $0).value }
        }
        #expect(Set(numbers.map(\.description)).count == 10)
    }

    @Test func `modules are required by name, each loaded once`() throws {
        let value = try onScriptThread {
            let program = Program(
                base: bareBase,
                modules: [
                    "shop.main": try CompiledChunk(
                        "local a, b = require 'shop.lib.a', require 'shop.lib.a' return { run = function() return a == b, a.n end }",
                        name: "shop/main.lua@r1"),
                    "shop.lib.a": try CompiledChunk("return { n = 5 }", name: "shop/lib/a.lua@r1"),
                ], entry: "shop.main")
            return try program.run("run", limits: .request, arguments: { _ in }, result: { try $0.readAll() }).value
        }
        #expect(value == [.bool(true), 5])
    }

    @Test func `modules in a circle are told, and so are missing ones`() throws {
        func failure(_ modules: [String: String]) throws -> ScriptFault? {
            #expect(throws: ScriptFault.self) {
                try onScriptThread {
                    var chunks: [String: CompiledChunk] = [:]
                    for (name, text) in modules { chunks[name] = try CompiledChunk(text, name: "\(name).lua@r1") }
                    return try Program(base: bareBase, modules: chunks, entry: "a").run("run", limits: .request).value
                }
            }
        }
        let circle = try failure(["a": "require 'b' return {}", "b": "\nrequire 'a' return {}"])
        #expect(circle?.message.contains("circle") == true)
        #expect(circle?.place == "b.lua@r1:2")
        #expect(circle?.duringLoad == true)
        let missing = try failure(["a": "require 'os' return {}"])
        #expect(missing?.message.contains("'os' is not part of this program") == true)
    }
}
