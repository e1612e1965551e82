import Core
import Scripting
import Testing

@Suite struct LimitTests {
    @Test(arguments: [
        ("while true do end", Verdict.steps),
        ("while true do pcall(error) end", .steps),
        ("local t = {} while true do t[#t + 1] = {} end", .memory),
        ("local function f() return 1 + f() end return f()", .memory),
        ("local s = 'x' while true do s = s .. s end", .memory),
        ("while true do print('flood') end", .output),
        ("return function() end", .result),
        ("return 0/0", .result),
        ("local t = {} t.t = t return t", .result),
        ("error('mine')", .error),
        ("return nothing", .error),
        ("some = 1", .error),
        ("string.format = 1", .error),
    ])
    func `a run ends with the verdict and the line`(body: String, verdict: Verdict) throws {
        let fault = try fault("\n\(body)")
        #expect(fault.verdict == verdict)
        #expect(fault.problem.code == "script.\(verdict.name)")
        #expect(fault.problem.status == 422)
        if verdict != .result { #expect(fault.place == "test.lua@r1:2") }
    }

    @Test func `time is limited`() throws {
        var limits = ScriptLimits.request
        limits.steps = .max
        limits.cpuMilliseconds = 20
        limits.wallMilliseconds = 5_000
        #expect(try fault("while true do end", limits: limits).verdict == .time)
    }

    @Test func `host calls are limited`() throws {
        let base = ScriptBase(functions: [HostFunction("demo", "echo", id: 0)])
        var limits = ScriptLimits.request
        limits.hostCalls = 10
        let ten = limits
        let host = TestHost([{ _, _ in }])
        let fault = #expect(throws: ScriptFault.self) {
            try onScriptThread {
                try program("return { run = function() while true do pcall(demo.echo) end end }", base: base)
                    .run("run", limits: ten, host: host).value
            }
        }
        #expect(fault?.verdict == .host)
        #expect(host.calls.count == 10)
    }

    @Test(arguments: [
        ("return {", "near <eof>", 1), ("return {}\nlocal = 1", "near 'local'", 2),
        ("\u{1b}Lua", "bytecode", 0), ("return 1 \u{0} 2", "zero byte", 0),
    ])
    func `what does not compile is refused with the line`(source: String, text: String, line: Int) throws {
        let fault = #expect(throws: ScriptFault.self) { try CompiledChunk(source, name: "acme/rules.lua@r3") }
        #expect(fault?.verdict == .compile)
        #expect(fault?.file == "acme/rules.lua@r3")
        #expect(fault?.line == line)
        #expect(fault?.message.contains(text) == true)
    }

    @Test func `memory is what the run itself holds`() throws {
        let usage = try onScriptThread {
            try program("return { run = function() return #('x'):rep(1000000) end }").run("run", limits: .request).usage
        }
        #expect((1_000_000..<1_600_000).contains(usage.memory))
    }

    @Test func `the error's stack names the functions`() throws {
        let source = """
            local function inner() error("deep") end
            local function outer() inner() return 1 end
            return { run = function() outer() return 2 end }
            """
        let fault = #expect(throws: ScriptFault.self) {
            try onScriptThread { try program(source).run("run", limits: .request).value }
        }
        #expect(fault?.stack == """
            test.lua@r1:1: in inner
            test.lua@r1:2: in outer
            test.lua@r1:3: in function

            """)
    }
}
