import Core
import Scripting
import Storage

/// What became of one test.
package struct TestResult: Sendable {
    package enum Verdict: String, Sendable {
        case passed, failed
        /// It stopped for a reason other than an expectation.
        case error
        /// Still to be written.
        case pending
    }

    package let name: String
    package let verdict: Verdict
    /// `shop/tests/items_test.lua:14`: of the failed expectation, else of the test.
    package let place: String
    package let message: String
    /// Instructions of the virtual machine, all requests of the test included.
    package let instructions: UInt64
    /// What was noted by `trace.note` in the last call or job, for those who look for the mistake.
    var trace: [TraceNote] = []

    package var isGood: Bool { verdict == .passed || verdict == .pending }

    package var value: Value {
        [
            "name": .string(name), "ok": .bool(isGood), "verdict": .string(verdict.rawValue), "where": .string(place),
            "message": message.isEmpty ? .null : .string(message), "instructions": .int(Int64(clamping: instructions)),
            "trace": .array(trace.map(\.described)),
        ]
    }

    package static let schema: Schema = .object([
        .init("name", .string(), required: true), .init("ok", .boolean, required: true),
        .init("verdict", .string(allowed: ["passed", "failed", "error", "pending"]), required: true),
        .init("where", .string(), required: true, "file:line of what failed, else of the test."), .init("message", .nullable(.string())),
        .init("instructions", .integer(minimum: 0), required: true, "What the test and all its requests used."),
        .init("trace", .array(TraceNote.schema), required: true, "Of a test that failed: what was noted in its last call or job."),
    ])
}

/// Runs test files: each test by itself in a savepoint that is rolled back, on a copy of a tenant's data, with a clock of its own.
package enum ScriptTesting {
    /// When tests begin, unless they set the clock: the copy's time.
    /// - Parameters:
    ///   - tests: file names as messages show them, with their texts.
    ///   - start: the clock of each test at its beginning.
    /// - Returns: one result for each test in the order of the files; a file that does not load is one failed result.
    package static func run(_ tests: [(file: String, source: [UInt8])], on subject: TestSubject, start: Instant) throws -> [TestResult] {
        var results: [TestResult] = []
        for (file, source) in tests { results += try run(file, source, subject, start) }
        return results
    }

    private static func run(_ file: String, _ source: [UInt8], _ subject: TestSubject, _ start: Instant) throws -> [TestResult] {
        do {
            var modules = subject.package?.modules ?? [:]
            // A test file need not return anything, a module must.
            modules["tests"] = try (try? CompiledChunk(source + Array("\nreturn true".utf8), name: file)) ?? CompiledChunk(source, name: file)
            modules["run"] = try CompiledChunk("require \"tests\"\nreturn { run = function() end }", name: "tests", kernel: true)
            let program = Program(base: TestModule.base, modules: modules, entry: "run")
            let listed = try program.run("run", invoker: "tests", limits: .test).value.items ?? []
            return try listed.enumerated().map { index, test in
                let name = test["name"]?.string ?? ""
                let place = test["place"]?.string ?? file
                if test["pending"] == true { return TestResult(name: name, verdict: .pending, place: place, message: "", instructions: 0) }
                return try one(program, Int64(index + 1), name, place, subject, start)
            }
        } catch let fault as ScriptFault {
            return [
                TestResult(
                    name: file, verdict: .error, place: fault.place.isEmpty ? file : fault.place, message: fault.message, instructions: fault.usage.steps)
            ]
        }
    }

    /// Ends the savepoint of a test, whatever came of it.
    private struct Undo: Error {
        let result: TestResult
    }

    private static func one(
        _ program: Program, _ index: Int64, _ name: String, _ place: String, _ subject: TestSubject, _ start: Instant
    ) throws -> TestResult {
        do {
            try subject.db.savepoint {
                let run = try TestRun(subject, start: start)
                do {
                    let usage = try program.run(
                        "run", [.int(index)], invoker: "test", limits: .test, seed: UInt64(bitPattern: start.milliseconds), host: run
                    ).usage
                    var passed = TestResult(name: name, verdict: .passed, place: place, message: "", instructions: usage.steps)
                    if let problem = unstubbed(run) { passed = TestResult(name: name, verdict: .failed, place: place, message: problem, instructions: usage.steps, trace: run.evidence.notes) }
                    throw Undo(result: passed)
                } catch let fault as ScriptFault {
                    throw Undo(result: result(of: fault, name, place, run))
                }
            }
        } catch let undo as Undo {
            return undo.result
        }
        preconditionFailure("a test's savepoint ends by an error")
    }

    /// A call to the outside that the test says nothing about makes it fail, whatever the script did with the answer.
    private static func unstubbed(_ run: TestRun) -> String? {
        run.outside.unstubbed.first.map { "\($0) was asked, and the test does not say what it gives: http.stub { match = \"\($0)\", reply = { … } }" }
    }

    private static func result(of fault: ScriptFault, _ name: String, _ place: String, _ run: TestRun) -> TestResult {
        let value = fault.value
        let problem = unstubbed(run)
        let isFailure = value?["kind"]?.string == "failure" || problem != nil
        var at = fault.place.isEmpty ? place : fault.place
        if let told = value?["place"]?.string { at = told }
        var message = value?["message"]?.string ?? (fault.cause as? any ProblemConvertible)?.problem.detail ?? fault.message
        if value?["kind"]?.string == "reject", let code = value?["code"]?.string { message = "\(code): \(message)" }
        if let problem { message = problem }
        return TestResult(
            name: name, verdict: isFailure ? .failed : .error, place: at, message: message, instructions: fault.usage.steps, trace: run.evidence.notes)
    }
}
