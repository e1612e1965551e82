import CBridge
import Core

/// What answers the host functions of a run.
package protocol ScriptHost: AnyObject {
    /// One call of a host function.
    ///
    /// What is thrown decides what the script sees: a problem below 500 is raised as a Lua error that it may catch, a table
    /// with `kind = "host"`, `code`, `message`, `status`, `field`, `where` and the problem's further members. A
    /// `ScriptLeave`, a problem from 500 on, a limit of a run inside, and any other error end the run; nothing in the
    /// script can catch that.
    /// - Parameter function: the `id` of the `HostFunction`.
    /// - Parameter arguments: what the script passed; reading past the end reads nil.
    /// - Parameter results: what the call returns, value after value.
    func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws
}

/// Thrown by a host function to end the run.
package struct ScriptLeave: Error {
    package let cause: any Error

    package init(_ cause: any Error) { self.cause = cause }
}

/// What a run's callbacks share with the call that started it. Lives on that call's stack.
struct RunContext {
    unowned(unsafe) let host: any ScriptHost
    /// The last error that a host function threw.
    var failure: (any Error)?
}

/// The bridge calls this. It never lets an error or a Lua jump pass: what is thrown becomes a status.
func answerHostCall(
    _ context: UnsafeMutableRawPointer?, _ function: UInt32, _ arguments: UnsafePointer<UInt8>?, _ length: Int,
    _ results: UnsafeMutablePointer<kl_buffer>?
) -> Int32 {
    guard let context, let results else { return Int32(KL_HOST_LEAVE) }
    let run = context.assumingMemoryBound(to: RunContext.self)
    var reader = FlatReader(UnsafeRawBufferPointer(start: arguments, count: length))
    var writer = FlatWriter(results)
    do {
        try run.pointee.host.call(Int(function), &reader, &writer)
        return Int32(KL_HOST_OK)
    } catch {
        return raise(error, run, results)
    }
}

private func raise(
    _ error: any Error, _ run: UnsafeMutablePointer<RunContext>, _ results: UnsafeMutablePointer<kl_buffer>
) -> Int32 {
    if let leave = error as? ScriptLeave {
        run.pointee.failure = leave.cause
        return Int32(KL_HOST_LEAVE)
    }
    run.pointee.failure = error
    if let fault = error as? ScriptFault, fault.verdict.isLimit { return Int32(KL_HOST_LEAVE) }
    guard let problem = (error as? any ProblemConvertible)?.problem, problem.status < 500 else {
        return Int32(KL_HOST_LEAVE)
    }
    results.pointee.count = 0
    results.pointee.overflowed = false
    var writer = FlatWriter(results)
    write(problem, to: &writer)
    return Int32(results.pointee.overflowed ? KL_HOST_LEAVE : KL_HOST_RAISE)
}

private func write(_ problem: Problem, to writer: inout FlatWriter) {
    let map = writer.openMap()
    var count = 4
    writer.key("kind"); writer.string("host" as StaticString)
    writer.key("code"); writer.string(problem.code)
    writer.key("message"); writer.string(problem.detail)
    writer.key("status"); writer.int(problem.status)
    if let field = problem.field {
        writer.key("field"); writer.string(field)
        count += 1
    }
    for (name, value) in problem.extra where !["kind", "code", "message", "status", "field"].contains(name) {
        writer.key(name); writer.write(value)
        count += 1
    }
    writer.close(map, count: count)
}
