import Core
import Glibc

/// The thread that writes the log, and its file.
final class LogQueue: @unchecked Sendable {
    // Safe to share: every member below `lock` is touched only while it is held; the thread alone writes to `descriptor`,
    // under `writing`.
    private static let delayNanoseconds = 150_000_000

    private let destination: LogWriter.Destination
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let signal: UnsafeMutablePointer<pthread_cond_t>
    private let writing: UnsafeMutablePointer<pthread_mutex_t>
    private var descriptor: Int32
    private var thread: pthread_t?
    private var take: (@Sendable () -> [UInt8])?
    private var hasWork = false
    private var isClosing = false
    private var flushesAsked = 0
    private var flushesDone = 0

    init(_ destination: LogWriter.Destination) throws(FileError) {
        self.destination = destination
        descriptor = try LogQueue.open(destination)
        lock = .allocate(capacity: 1)
        writing = .allocate(capacity: 1)
        signal = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        pthread_mutex_init(writing, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(signal, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        if descriptor > 2 { Glibc.close(descriptor) }
        pthread_mutex_destroy(lock)
        pthread_mutex_destroy(writing)
        pthread_cond_destroy(signal)
        lock.deallocate()
        writing.deallocate()
        signal.deallocate()
    }

    private static func open(_ destination: LogWriter.Destination) throws(FileError) -> Int32 {
        switch destination {
        case .standardError: return 2
        case .file(let path):
            let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
            guard descriptor >= 0 else { throw FileError("open", path, errno: errno) }
            return descriptor
        }
    }

    /// - Parameter take: gives what is to be written.
    func start(_ take: @escaping @Sendable () -> [UInt8]) {
        self.take = take
        var thread = pthread_t()
        let me = Unmanaged.passRetained(self).toOpaque()
        if pthread_create(&thread, nil, runLogQueue, me) == 0 { self.thread = thread }
        else { Unmanaged<LogQueue>.fromOpaque(me).release() }
    }

    func wake() {
        pthread_mutex_lock(lock)
        hasWork = true
        pthread_cond_broadcast(signal)
        pthread_mutex_unlock(lock)
    }

    func flush() {
        pthread_mutex_lock(lock)
        flushesAsked += 1
        let mine = flushesAsked
        pthread_cond_broadcast(signal)
        while flushesDone < mine, !isClosing, thread != nil { pthread_cond_wait(signal, lock) }
        pthread_mutex_unlock(lock)
    }

    func close() {
        pthread_mutex_lock(lock)
        isClosing = true
        let thread = thread
        self.thread = nil
        pthread_cond_broadcast(signal)
        pthread_mutex_unlock(lock)
        if let thread { pthread_join(thread, nil) }
    }

    func reopen() throws(FileError) {
        guard case .file = destination else { return }
        let new = try LogQueue.open(destination)
        pthread_mutex_lock(writing)
        let old = descriptor
        descriptor = new
        pthread_mutex_unlock(writing)
        Glibc.close(old)
    }

    fileprivate func run() {
        pthread_mutex_lock(lock)
        while true {
            while !hasWork, flushesDone == flushesAsked, !isClosing { pthread_cond_wait(signal, lock) }
            // Gather for a moment, unless somebody waits.
            var until = timespec()
            clock_gettime(CLOCK_MONOTONIC, &until)
            until.tv_nsec += LogQueue.delayNanoseconds
            if until.tv_nsec >= 1_000_000_000 {
                until.tv_sec += 1
                until.tv_nsec -= 1_000_000_000
            }
            while flushesDone == flushesAsked, !isClosing, pthread_cond_timedwait(signal, lock, &until) == 0 {}
            hasWork = false
            let asked = flushesAsked
            let isLast = isClosing
            pthread_mutex_unlock(lock)
            if let bytes = take?() { write(bytes) }
            pthread_mutex_lock(lock)
            flushesDone = asked
            pthread_cond_broadcast(signal)
            if isLast { break }
        }
        take = nil
        pthread_mutex_unlock(lock)
    }

    /// What cannot be written is lost: there is nowhere to say so.
    private func write(_ bytes: [UInt8]) {
        pthread_mutex_lock(writing)
        defer { pthread_mutex_unlock(writing) }
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return }
            var done = 0
            while done < buffer.count {
                let n = Glibc.write(descriptor, start + done, buffer.count - done)
                if n > 0 { done += n } else if errno != EINTR { return }
            }
        }
    }
}

private func runLogQueue(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    context.map { Unmanaged<LogQueue>.fromOpaque($0).takeRetainedValue().run() }
    return nil
}
