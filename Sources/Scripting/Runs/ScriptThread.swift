import Glibc

/// A thread with a stack as scripts need it, for callers that have none: tests and the command line.
package enum ScriptThread {
    /// Runs `body` on a new thread with 2 MB of stack and waits for it.
    package static func run<Result: Sendable>(_ body: @Sendable @escaping () throws -> Result) throws -> Result {
        let work = Work(body)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 2 << 20)
        var thread = pthread_t()
        let held = Unmanaged.passRetained(work)
        let status = pthread_create(&thread, &attributes, startScriptThread, held.toOpaque())
        guard status == 0 else {
            held.release()
            throw ScriptFault(.internal, "cannot make a thread: \(String(cString: strerror(status)))")
        }
        pthread_join(thread, nil)
        return try work.take()
    }
}

private class AnyWork {
    func perform() {}
}

private final class Work<Result>: AnyWork {
    private let body: () throws -> Result
    private var outcome: Swift.Result<Result, any Error>?

    init(_ body: @escaping () throws -> Result) { self.body = body }

    override func perform() { outcome = Swift.Result { try body() } }

    func take() throws -> Result {
        guard let outcome else { throw ScriptFault(.internal, "the thread gave no result") }
        return try outcome.get()
    }
}

private func startScriptThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<AnyWork>.fromOpaque(argument).takeRetainedValue().perform() }
    return nil
}
