import Core
import Scripting
import Testing

@Suite struct HostTests {
    static let functions = [
        HostFunction("demo", "echo", id: 0), HostFunction("demo", "fail", id: 1), HostFunction("demo", "leave", id: 2),
        HostFunction("hidden", "secret", id: 3, exposed: false),
    ]
    struct Odd: Error, Equatable {}

    static func host() -> TestHost {
        TestHost([
            { arguments, results in results.raw(arguments.remainder) },
            { _, _ in throw Problem(423, "ledger.period_closed", "Closed.", field: "date", extra: [("month", "2026-01")]) },
            { _, _ in throw ScriptLeave(Odd()) },
            { _, results in results.int(99) },
        ])
    }

    static func run(_ body: String, prelude: String? = nil) throws -> [Value] {
        let base = ScriptBase(
            functions: functions, prelude: try prelude.map { [try CompiledChunk($0, name: "test.lua", kernel: true)] } ?? [])
        return try onScriptThread {
            try program("return { run = function(...)\n\(body)\nend }", base: base).run(
                "run", limits: .request, host: host(), arguments: { _ in }, result: { try $0.readAll() }
            ).value
        }
    }

    static func fault(_ body: String) throws -> ScriptFault {
        try #require(#expect(throws: ScriptFault.self) { try run(body) })
    }

    @Test func `arguments and results cross`() throws {
        #expect(try Self.run("return demo.echo(1, { a = { 2, 3 } }, nil, 'x')") == [1, ["a": [2, 3]], .null, "x"])
    }

    @Test func `an uncaught problem comes back as it was, with the script's place`() throws {
        let fault = try Self.fault("local x = 1\ndemo.fail()")
        #expect(fault.cause as? Problem == Problem(423, "ledger.period_closed", "Closed.", field: "date", extra: [("month", "2026-01")]))
        #expect(fault.problem.status == 423)
        #expect(fault.problem.field == "date")
        #expect(fault.problem.extra.last?.1 == "test.lua@r1:3")
    }

    @Test func `a script may catch a problem and read it`() throws {
        let values = try Self.run("local ok, e = pcall(demo.fail) return ok, e.kind, e.code, e.field, e.month, e.where, tostring(e)")
        #expect(values == [.bool(false), "host", "ledger.period_closed", "date", "2026-01", "test.lua@r1:2", "Closed."])
    }

    @Test func `a caught problem raised again is still the same`() throws {
        let fault = try Self.fault("local ok, e = pcall(demo.fail) demo.echo(1) error(e, 0)")
        #expect(fault.cause is Problem)
    }

    @Test func `after a caught problem an error of the script is the script's`() throws {
        let fault = try Self.fault("pcall(demo.fail) error('mine')")
        #expect(fault.cause == nil)
        #expect(fault.message == "mine")
        #expect(fault.place == "test.lua@r1:2")
    }

    @Test func `leaving cannot be caught`() throws {
        let fault = try Self.fault("pcall(pcall, demo.leave) return 'survived'")
        #expect(fault.verdict == .cancelled)
        #expect(fault.cause is Odd)
    }

    @Test func `host functions are not there while a module loads`() throws {
        let base = ScriptBase(functions: Self.functions)
        let fault = #expect(throws: ScriptFault.self) {
            try onScriptThread { try program("\ndemo.echo(1) return {}", base: base).run("run", limits: .request).value }
        }
        #expect(fault?.message.contains("demo.echo is not available while a module loads") == true)
        #expect(fault?.place == "test.lua@r1:2")
    }

    @Test func `a value that cannot cross is told with its path`() throws {
        let fault = try Self.fault("demo.echo({ lines = { { qty = print } } })")
        #expect(fault.message == "demo.echo: argument 1: a function cannot be passed on (at lines[1].qty)")
    }

    @Test func `hidden modules are for the prelude alone`() throws {
        let prelude = """
            local kernel = ...
            kernel.global("shown", { value = function() return kernel.host.hidden.secret() end, inner = { n = 1 } })
            """
        #expect(try Self.run("return shown.value(), shown.inner.n", prelude: prelude) == [99, 1])
        for body in ["return hidden", "shown.value = 1", "shown.inner.n = 2", "rawset(shown, 'value', 1)", "shown = 1"] {
            #expect(throws: ScriptFault.self) { try Self.run(body, prelude: prelude) }
        }
    }

    @Test func `money and decimals calculate exactly`() throws {
        let prelude = """
            local kernel = ...
            local money, decimal = kernel.money, kernel.decimal
            kernel.register("money", { __index = { mul = money.mul, split = money.split } })
            kernel.global("ghs", function(text) return money.parse(text, "GHS", 2) end)
            kernel.global("decimal", { new = decimal.new, div = decimal.div })
            """
        let values = try Self.run(
            """
            local parts = ghs("10.00"):split(3)
            return tostring(ghs "10.00" + ghs "0.05"), parts[1].minor, parts[3].minor,
              ghs("10.00"):mul(decimal.new "0.175", "half_up"), decimal.div(1, 3, 4, "half_up"),
              ghs "1.00" < ghs "2.00", ghs "1.00" == ghs "1.00", decimal.new "1.50" == decimal.new "1.5",
              "total " .. ghs "1.00", pcall(function() return ghs "1" + 1 end)
            """, prelude: prelude)
        #expect(values[0...2] == ["10.05 GHS", 334, 333])
        #expect(values[3] == .money(Money(minor: 175, try Currency("GHS"))))
        #expect(values[4] == .decimal(try Decimal("0.3333")))
        #expect(values[5...8] == [.bool(true), .bool(true), .bool(true), "total 1.00 GHS"])
        #expect(values[9] == .bool(false))
    }

    @Test func `an invoker stands between the host and the function`() throws {
        let base = ScriptBase(
            functions: [],
            prelude: [try CompiledChunk(
                "local kernel = ... kernel.invoker('hook', function(f, doc) doc.seen = true f(doc) return doc end)",
                name: "p.lua", kernel: true)])
        let value = try onScriptThread {
            try program("return { run = function(doc) doc.total = doc.total + 1 end }", base: base)
                .run("run", [["total": 1]], invoker: "hook", limits: .request).value
        }
        #expect(value == ["total": 2, "seen": true])
    }

    @Test func `runs inside runs spend one budget and end together`() throws {
        let base = ScriptBase(functions: [HostFunction("demo", "inner", id: 0)])
        let fault = #expect(throws: ScriptFault.self) {
            try onScriptThread {
                let inner = try program("return { run = function() while true do end end }", name: "inner.lua@r1")
                let outer = try program("return { run = function() pcall(demo.inner) return 'survived' end }", base: base)
                let host = TestHost([{ _, _ in _ = try inner.run("run", limits: .read) }])
                return try outer.run("run", limits: .request, host: host).value
            }
        }
        #expect(fault?.verdict == .steps)
        #expect(fault?.place == "inner.lua@r1:1")
        #expect(fault?.usage.steps ?? .max <= 5_000_000)
    }

    @Test func `runs nest eight deep, then are refused`() throws {
        let base = ScriptBase(functions: [HostFunction("demo", "down", id: 0)])
        let fault = #expect(throws: ScriptFault.self) {
            try onScriptThread {
                let program = try program("return { run = function() return demo.down() end }", base: base)
                final class Down: ScriptHost {
                    let program: Program
                    init(_ program: Program) { self.program = program }
                    func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
                        results.write(try program.run("run", limits: .request, host: self).value)
                    }
                }
                return try program.run("run", limits: .request, host: Down(program)).value
            }
        }
        #expect(fault?.verdict == .depth)
    }
}
