import CBridge
import Core
import Glibc
import Platform

/// `kontor plugin dev`: checks and rehearses a folder whenever something in it is saved.
struct PluginDevelopment {
    private let invocation: Invocation
    private let folder: String
    private let shelf: PluginShelf
    private let rehearsal: Rehearsal

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        folder = Paths.absolute(try invocation.arguments.word(0, "FOLDER"))
        shelf = try PluginShelf(invocation)
        let (api, place) = try invocation.tenantAPI()
        rehearsal = Rehearsal(api, place)
    }

    func run() throws -> ExitCode {
        if invocation.arguments.has("once") { return try round() ? .done : .refused }
        // Who started us may have held them back.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // Before the first look, so that what is saved meanwhile is seen.
        let watch = try FolderWatch(folder)
        standardError("watching \(folder)\n")
        var isGood = try round()
        while try watch.wait() { isGood = try round() }
        return isGood ? .done : .refused
    }

    /// One check and, where the files are in order, one rehearsal.
    /// - Returns: whether all is well.
    private func round() throws -> Bool {
        do {
            let findings = try shelf.check(folder)
            standardOutput(PluginShelf.text(findings))
            if findings.contains(where: { $0["severity"] == "error" }) { return false }
            let (report, isGood) = try rehearsal.run(folder)
            standardOutput(Rehearsal.text(report) + "\n")
            return isGood
        } catch let problem as any ProblemConvertible where problem.problem.status < 500 {
            standardOutput("\(problem.problem.detail) (\(problem.problem.code))\n")
            return false
        }
    }
}

/// Tells when files of a folder change, by inotify. Bursts (an editor's save is several events) count once.
final class FolderWatch {
    private let folder: String
    private var descriptor: Int32 = -1

    init(_ folder: String) throws {
        self.folder = folder
        try begin()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private func begin() throws {
        if descriptor >= 0 { close(descriptor) }
        descriptor = inotify_init1(Int32(0o2000000))  // IN_CLOEXEC
        guard descriptor >= 0 else { throw FileError("watch", folder, errno: errno) }
        func add(_ path: String) throws {
            // Written and closed, moved, made, removed.
            guard inotify_add_watch(descriptor, path, 0x0000_03C8) >= 0 else { throw FileError("watch", path, errno: errno) }
            for name in try Files.list(path) where !name.hasPrefix(".") && Files.isDirectory("\(path)/\(name)") { try add("\(path)/\(name)") }
        }
        try add(folder)
    }

    /// Waits for a change, then until a tenth of a second brings none.
    /// - Returns: false when a signal ended the wait.
    func wait() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        guard read(descriptor, &buffer, buffer.count) > 0 else { return false }
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while Glibc.poll(&poll, 1, 100) > 0 { _ = read(descriptor, &buffer, buffer.count) }
        // Folders may be new.
        try begin()
        return true
    }
}
