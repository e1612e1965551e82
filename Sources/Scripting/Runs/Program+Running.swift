import CBridge
import Core

/// What a run gave.
package struct ScriptResult<Result> {
    package let value: Result
    package let usage: Usage
    /// What `print` wrote, at most `ScriptLimits.logBytes`.
    package let log: String
}

extension ScriptResult: Sendable where Result: Sendable {}

extension Program {
    /// Calls a function of the program in a fresh state.
    ///
    /// Costs about a microsecond beside the script's own work. Blocks; call it on a thread with at least 2 MB of stack (lanes
    /// and readers have them, else `ScriptThread.run`). Runs may be nested through host functions, eight deep; the inner one
    /// spends the outer one's budget.
    /// - Parameter path: dotted, into the value that the entry module returns: `fees.late_fee_amount`, `moves.1.guard`.
    /// - Parameter invoker: a function that the prelude registered by `kernel.invoker`; it gets the value at `path`, then the
    ///   arguments.
    /// - Parameter seed: of `math.random`. Same program, arguments, host answers and seed: same result and steps.
    /// - Parameter arguments: writes the arguments, value after value.
    /// - Parameter result: reads the results, value after value; the reader is valid only inside.
    /// - Throws: `ScriptFault`, and what `arguments` and `result` throw.
    package func run<Result>(
        _ path: String, invoker: String? = nil, limits: ScriptLimits, seed: UInt64 = 0, host: (any ScriptHost)? = nil,
        arguments: (inout FlatWriter) throws -> Void, result: (inout FlatReader) throws -> Result
    ) throws -> ScriptResult<Result> {
        try enter(KL_CALL, path, invoker, limits, seed, host, arguments, result)
    }

    /// Calls a function with values and returns its first result.
    package func run(
        _ path: String, _ arguments: [Value] = [], invoker: String? = nil, limits: ScriptLimits, seed: UInt64 = 0,
        host: (any ScriptHost)? = nil
    ) throws -> ScriptResult<Value> {
        try enter(
            KL_CALL, path, invoker, limits, seed, host,
            { writer in for argument in arguments { writer.write(argument) } }, { reader in try reader.readValue() })
    }

    /// Calls a function once per list of arguments, all in one run, and returns the first result of each call.
    /// The first error ends the run.
    package func each(
        _ path: String, _ lists: [[Value]], invoker: String? = nil, limits: ScriptLimits, seed: UInt64 = 0,
        host: (any ScriptHost)? = nil
    ) throws -> ScriptResult<[Value]> {
        try enter(
            KL_EACH, path, invoker, limits, seed, host,
            { writer in
                writer.beginArray(lists.count)
                for list in lists { writer.write(.array(list)) }
            },
            { reader in
                var values: [Value] = []
                try reader.readArray { values.append(try $0.readValue()) }
                return values
            })
    }

    /// Calls a function once per list of arguments, written as one array of arrays; the result is one array.
    package func each<Result>(
        _ path: String, invoker: String? = nil, limits: ScriptLimits, seed: UInt64 = 0, host: (any ScriptHost)? = nil,
        arguments: (inout FlatWriter) throws -> Void, result: (inout FlatReader) throws -> Result
    ) throws -> ScriptResult<Result> {
        try enter(KL_EACH, path, invoker, limits, seed, host, arguments, result)
    }

    /// What the entry module returned, without calling anything: functions appear as `{"$function": line}`.
    package func describe(_ path: String = "", limits: ScriptLimits = .describe) throws -> Value {
        try enter(KL_DESCRIBE, path, nil, limits, 0, nil, { _ in }, { try $0.readValue() }).value
    }

    private func enter<Result>(
        _ mode: Int, _ path: String, _ invoker: String?, _ limits: ScriptLimits, _ seed: UInt64,
        _ host: (any ScriptHost)?, _ arguments: (inout FlatWriter) throws -> Void,
        _ result: (inout FlatReader) throws -> Result
    ) throws -> ScriptResult<Result> {
        guard let slot = kl_enter() else {
            throw ScriptFault(.depth, "runs are nested deeper than 8, or the thread has too little stack")
        }
        defer { kl_exit(slot) }
        var writer = FlatWriter(kl_arguments(slot))
        try arguments(&writer)
        if writer.isOverflowed { throw ScriptFault(.result, "the arguments are larger than 16 MiB") }
        var context = RunContext(host: host ?? NoHost.shared)
        var report = kl_report()
        withUnsafeMutablePointer(to: &context) { context in
            path.withCString { path in
                withOptionalCString(invoker) { invoker in
                    var request = kl_request(
                        program: pointer, invoker: invoker, path: path, mode: Int32(mode), limits: limits.bridged,
                        seed: seed, call: answerHostCall, context: context)
                    kl_run(slot, &request, &report)
                }
            }
        }
        let log = report.log_length == 0
            ? "" : String(decoding: UnsafeRawBufferPointer(start: report.log, count: report.log_length), as: UTF8.self)
        guard report.verdict == KL_OK.rawValue else { throw fault(report, context.failure, log) }
        var reader = FlatReader(UnsafeRawBufferPointer(start: report.result, count: report.result_length))
        return ScriptResult(value: try result(&reader), usage: Usage(report.usage), log: log)
    }

    /// A limit of a run inside this one is told as it was there.
    private func fault(_ report: kl_report, _ failure: (any Error)?, _ log: String) -> ScriptFault {
        let left = report.verdict == KL_CANCELLED.rawValue
        if left, let inner = failure as? ScriptFault, inner.verdict.isLimit {
            let own = ScriptFault(report, cause: nil, log: log)
            // One that never began has no place of its own: then it is where it was called from.
            let place = inner.place.isEmpty ? own : inner
            return ScriptFault(
                inner.verdict, inner.message, file: place.file, line: place.line, stack: place.stack, value: inner.value,
                cause: inner.cause, usage: place.usage, log: log)
        }
        return ScriptFault(report, cause: left || report.from_host ? failure : nil, log: log)
    }
}

@inline(__always)
private func withOptionalCString(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Void) {
    if let text { text.withCString { body($0) } } else { body(nil) }
}

/// Answers for runs without a host.
private final class NoHost: ScriptHost, Sendable {
    static let shared = NoHost()

    func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        throw Problem(422, "script.no_host", "This function is not available here.")
    }
}
