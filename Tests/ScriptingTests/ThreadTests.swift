import Core
import Foundation
import Scripting
import Synchronization
import Testing

@Suite struct ThreadTests {
    @Test func `many threads share programs and see nothing of each other`() throws {
        let source = """
            local seen = {}
            return { run = function(me, n)
              assert(next(seen) == nil, "another run was seen")
              for i = 1, n do seen[i] = me .. i end
              return demo.echo(#seen), seen[n]
            end }
            """
        let base = ScriptBase(functions: [HostFunction("demo", "echo", id: 0)])
        let shared = try program(source, base: base)
        let faults = Mutex<[String]>([])
        let threads = (0..<6).map { number in
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                defer { done.signal() }
                do {
                    try onScriptThread {
                        let host = TestHost([{ arguments, results in results.raw(arguments.remainder) }])
                        for round in 1...300 {
                            let values = try shared.run(
                                "run", limits: .request, host: host,
                                arguments: { $0.string("t\(number)-"); $0.int(round % 50 + 1) }, result: { try $0.readAll() }
                            ).value
                            let n = round % 50 + 1
                            if values != [.int(Int64(n)), .string("t\(number)-\(n)")] {
                                faults.withLock { $0.append("\(number): \(values)") }
                            }
                        }
                    }
                } catch { faults.withLock { $0.append("\(number): \(error)") } }
            }
            return done
        }
        for done in threads { done.wait() }
        #expect(faults.withLock { $0 } == [])
    }

    @Test func `what is left of a budget can be asked from a host function`() throws {
        let base = ScriptBase(functions: [HostFunction("demo", "ask", id: 0)])
        let seen = Mutex<ScriptLimits?>(nil)
        try onScriptThread {
            let host = TestHost([{ _, _ in seen.withLock { $0 = ScriptLimits.current } }])
            _ = try program("return { run = function() for i = 1, 10000 do end demo.ask() end }", base: base)
                .run("run", limits: .request, host: host)
            #expect(ScriptLimits.current == nil)
        }
        let left = try #require(seen.withLock { $0 })
        #expect(left.steps < 4_990_000 && left.steps > 4_900_000)
        #expect(left.hostCalls == ScriptLimits.request.hostCalls - 1)
    }

    @Test func `a run that waited spent time and no computing`() throws {
        let base = ScriptBase(functions: [HostFunction("demo", "ask", id: 0)])
        let usage = Mutex(Usage())
        try onScriptThread {
            let host = TestHost([{ _, _ in usleep(30_000) }])
            let result = try program("return { run = function() demo.ask() end }", base: base).run("run", limits: .request, host: host)
            usage.withLock { $0 = result.usage }
        }
        let used = usage.withLock { $0 }
        #expect(used.nanoseconds >= 30_000_000 && used.cpuNanoseconds <= used.nanoseconds / 3)
    }

    @Test func `limits shrink by what was used`() throws {
        var usage = Usage()
        usage.steps = 1_000_000
        usage.nanoseconds = 80_000_000
        usage.cpuNanoseconds = 30_000_000
        usage.hostCalls = 5
        let left = ScriptLimits.request.remaining(after: usage)
        #expect(left.steps == 4_000_000 && left.cpuMilliseconds == 70 && left.hostCalls == 1_995)
        #expect(left.wallMilliseconds == ScriptLimits.request.wallMilliseconds - 80)
        usage.steps = .max
        usage.nanoseconds = .max
        #expect(ScriptLimits.request.remaining(after: usage).steps == 0)
        #expect((usage + Usage()).nanoseconds == .max)
    }
}
