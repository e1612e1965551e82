import Core
import Scripting
import Testing

/// Runs `body` where scripts may run. Errors pass through.
func onScriptThread<Result: Sendable>(_ body: @Sendable @escaping () throws -> Result) throws -> Result {
    try ScriptThread.run(body)
}

/// A host whose functions are closures, in the order of their ids.
final class TestHost: ScriptHost, @unchecked Sendable {  // used by one thread at a time
    typealias Function = (inout FlatReader, inout FlatWriter) throws -> Void
    private(set) var calls: [Int] = []
    private let functions: [Function]

    init(_ functions: [Function]) { self.functions = functions }

    func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        calls.append(function)
        try functions[function](&arguments, &results)
    }
}

let bareBase = ScriptBase(functions: [])

/// A program whose entry module is the text; `run` is what it returns when it returns a function.
func program(_ source: String, base: ScriptBase = bareBase, name: String = "test.lua@r1") throws -> Program {
    Program(base: base, try CompiledChunk(source, name: name))
}

/// The results of `run` in `return { run = function(...) BODY end }`.
func results(_ body: String, _ arguments: [Value] = [], limits: ScriptLimits = .request) throws -> [Value] {
    let source = "return { run = function(...) \(body) end }"
    return try onScriptThread {
        try program(source).run(
            "run", limits: limits, arguments: { writer in for value in arguments { writer.write(value) } },
            result: { try $0.readAll() }
        ).value
    }
}

/// The fault that such a run ends with.
func fault(_ body: String, limits: ScriptLimits = .request) throws -> ScriptFault {
    let error = #expect(throws: ScriptFault.self) { try results(body, limits: limits) }
    return try #require(error)
}
