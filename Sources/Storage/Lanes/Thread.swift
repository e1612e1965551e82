import CBridge
import Glibc

/// A thread with a stack of a known size.
package enum Thread {
    /// Runs `body` on a new detached thread.
    /// - Parameter name: at most 15 bytes of it are shown by the system.
    package static func start(name: String, stackBytes: Int, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let task = Unmanaged.passRetained(Task(name, body))
        let code = pthread_create(&thread, &attributes, { enterThread($0) }, task.toOpaque())
        precondition(code == 0, "no thread: \(String(cString: strerror(code)))")
    }

    fileprivate final class Task {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

private func enterThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let task = Unmanaged<Thread.Task>.fromOpaque(context).takeRetainedValue()
    kontor_thread_name(task.name)
    task.body()
    return nil
}
