import Glibc

/// A program that we start, and end.
final class Child {
    let pid: pid_t
    private let output: Int32
    private var unread: [UInt8] = []
    private var exitStatus: Int32?

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Starts a program with its standard output read by us and its standard error passed on.
    init(_ path: String, _ arguments: [String], environment additions: [String: String] = [:]) throws {
        var pipe: [Int32] = [-1, -1]
        guard Glibc.pipe(&pipe) == 0 else { throw Failure(description: "no pipe: \(String(cString: strerror(errno)))") }
        for descriptor in pipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)

        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let entry = next.pointee {
            let name = String(cString: entry).prefix { $0 != "=" }
            if additions[String(name)] == nil { settings.append(strdup(entry)) }
            next += 1
        }
        settings += additions.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + settings).forEach { free($0) } }

        var pid: pid_t = 0
        let status = posix_spawnp(&pid, path, &actions, nil, &words, &settings)
        close(pipe[1])
        guard status == 0 else {
            close(pipe[0])
            throw Failure(description: "\(path) does not start: \(String(cString: strerror(status)))")
        }
        self.pid = pid
        output = pipe[0]
    }

    deinit {
        if exitStatus == nil {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        close(output)
    }

    /// The next line of its output, without the newline; nil at the end.
    func line() -> String? {
        while true {
            if let end = unread.firstIndex(of: 10) {
                defer { unread.removeFirst(end + 1) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                defer { unread = [] }
                return unread.isEmpty ? nil : String(decoding: unread, as: UTF8.self)
            }
            unread += piece[..<count]
        }
    }

    /// All the rest of its output.
    func rest() -> String {
        var lines: [String] = []
        while let line = line() { lines.append(line) }
        return lines.joined(separator: "\n")
    }

    func send(_ signal: Int32) {
        if exitStatus == nil { kill(pid, signal) }
    }

    /// Waits for its end. 0 to 255: its exit code; above: 256 and the signal that ended it.
    @discardableResult
    func wait() -> Int32 {
        if let exitStatus { return exitStatus }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let result = status & 0x7f == 0 ? (status >> 8) & 0xff : 256 + (status & 0x7f)
        exitStatus = result
        return result
    }

    /// Asks it to end, and waits until it has.
    @discardableResult
    func stop() -> Int32 {
        send(SIGTERM)
        return wait()
    }

    /// Runs a program to its end: its output and exit code.
    static func run(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws -> (output: String, status: Int32) {
        let child = try Child(path, arguments, environment: environment)
        let output = child.rest()
        return (output, child.wait())
    }
}
