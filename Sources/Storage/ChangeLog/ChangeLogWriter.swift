import Core
import Glibc

/// Keeps a store's change log. Belongs to whoever owns the store's writer.
final class ChangeLogWriter {
    private struct Commit {
        var frames: Int
        var at: Instant
    }

    /// So few are kept however fast they came.
    private static let leastFrames = 2_000

    private let configuration: ChangeLog.Configuration
    private let walPath: String
    private let clock: any Clock
    private var wal: Int32 = -1
    /// Where the commits' instants are noted, for a process that ends before they are in a segment.
    private var notes: Int32 = -1
    private var salts = WriteAheadLog.Salts()
    /// Of the present filling of the write-ahead log, in order.
    private var commits: [Commit] = []
    /// Frames of the present filling that are in segments, or in a hole.
    private var kept = 0
    private var next: Int64 = 1
    /// Nil while there is a hole that has not ended.
    private var coveredTo: Instant?
    private var lastAt: UInt64
    /// Why nothing is kept at the moment.
    private(set) var failure: (any Error)?

    /// - Parameter path: the database's. It is not open yet.
    /// - Throws: where the log's folder cannot be used.
    init(_ path: String, _ configuration: ChangeLog.Configuration, clock: any Clock) throws {
        self.configuration = configuration
        walPath = "\(path)-wal"
        self.clock = clock
        lastAt = monotonicNanoseconds()
        try Files.createDirectory(configuration.folder, mode: 0o700)
        notes = open("\(configuration.folder)/commits", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard notes >= 0 else { throw FileError("open", "\(configuration.folder)/commits", errno: errno) }
        let items = try ChangeLog.items(configuration.folder)
        next = (items.last?.number ?? 0) + 1
        if let last = items.last, last.kind != .hole {
            // One that a power cut left half is a hole. What is in it is looked at when it is used.
            if let header = try? Segment.header(of: last), try last.kind == .packed || Int(Files.size(last.path)) == header.size {
                coveredTo = header.to
            } else {
                try ChangeLog.noteHole(configuration.folder, at: clock.now(), "the last segment is not whole")
                next += 1
            }
        }
        try keepLeftover()
        if coveredTo == nil { coveredTo = clock.now() }
    }

    deinit { end() }

    func end() {
        if wal >= 0 { close(wal) }
        if notes >= 0 { close(notes) }
        wal = -1
        notes = -1
    }

    // MARK: While the store is open

    /// A turn was committed.
    /// - Parameters:
    ///   - frames: in the write-ahead log now.
    ///   - at: taken before the commit, so that whoever got an answer by then finds it at this instant.
    func committed(frames: Int, at: Instant) {
        guard coveredTo != nil else { return }
        do {
            try follow()
            commits.append(Commit(frames: frames, at: at))
            try note(salts, commits[commits.count - 1])
        } catch {
            // The instant of this commit is that of a later one then, and nothing else is lost.
            failure = error
        }
    }

    /// Puts what the write-ahead log holds beyond the last segment into one. To be called before each checkpoint, and before
    /// the writer is closed: what is in the file then can be gone from the log at the next commit.
    /// - Parameter frames: in the write-ahead log.
    func keep(frames: Int) {
        do {
            try follow()
            guard frames > kept else { return }
            let now = monotonicNanoseconds()
            let seconds = Double(now - lastAt) / 1_000_000_000
            lastAt = now
            if frames - kept >= Self.leastFrames, Double(frames - kept) > configuration.mostFramesPerSecond * seconds {
                try beginHole("there was more to write than \(Int(configuration.mostFramesPerSecond)) pages a second")
            } else {
                try writeSegment(to: frames)
                failure = nil
            }
            kept = frames
        } catch {
            // The checkpoint must not wait for it: a log that only grows fills the disk.
            failure = error
            kept = frames
            try? beginHole("\(error)")
        }
    }

    /// What was noted in vain: no number of a file that another process finds is given twice.
    private func beginHole(_ reason: String) throws {
        guard coveredTo != nil else { return }
        coveredTo = nil
        commits = []
        next += 1
        try ChangeLog.noteHole(configuration.folder, at: clock.now(), reason)
    }

    /// Whether the write-ahead log began anew since the last call.
    private func follow() throws {
        if wal < 0 {
            wal = open(walPath, O_RDONLY | O_CLOEXEC)
            guard wal >= 0 else {
                if errno == ENOENT { return }
                throw FileError("open", walPath, errno: errno)
            }
        }
        guard let found = try WriteAheadLog.salts(wal, walPath), found != salts else { return }
        salts = found
        commits = []
        kept = 0
        ftruncate(notes, 0)
    }

    private func writeSegment(to end: Int) throws {
        guard wal >= 0, let log = try WriteAheadLog(wal, walPath), log.salts == salts else {
            throw StorageError.unsound("\(walPath) is not the log of this store")
        }
        // After a hole the log goes on with what comes now: a copy that is made from here on has what came before.
        let now = clock.now()
        let from = coveredTo ?? commits.first.map(\.at) ?? now
        let to = max(now, commits.last?.at ?? now)
        try write(log, from: kept, to: end, covering: from, to)
        coveredTo = to
    }

    /// A commit whose instant nobody noted has that of the next one, or else `to`.
    private func write(_ log: WriteAheadLog, from first: Int, to end: Int, covering from: Instant, _ to: Instant) throws {
        var header = Segment.Header(pageSize: log.pageSize, frames: end - first, from: from, to: to).bytes
        let path = ChangeLog.path(configuration.folder, next, .segment)
        let temporary = path + ".tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FileError("open", temporary, errno: errno) }
        defer {
            close(file)
            unlink(temporary)
        }
        var sums = Segment.Sums()
        var block: [UInt8] = []
        block.reserveCapacity(2 << 20)
        func flush() throws {
            block.withUnsafeBytes { sums.add($0) }
            try Self.put(block, file, temporary)
            block.removeAll(keepingCapacity: true)
        }
        swap(&block, &header)
        try flush()
        block.reserveCapacity(2 << 20)
        var commit = commits.firstIndex { $0.frames > first } ?? commits.count
        var number = first
        try log.frames(from: first, to: end) { frame, page in
            number += 1
            while commit < commits.count, commits[commit].frames < number { commit += 1 }
            let at = commit < commits.count ? commits[commit].at : to
            withUnsafeBytes(of: frame.page.littleEndian) { block.append(contentsOf: $0) }
            withUnsafeBytes(of: frame.pagesAfterCommit.littleEndian) { block.append(contentsOf: $0) }
            withUnsafeBytes(of: at.milliseconds.littleEndian) { block.append(contentsOf: $0) }
            block.append(contentsOf: page)
            if block.count >= 1 << 20 { try flush() }
        }
        try flush()
        try Self.put(sums.bytes, file, temporary)
        guard fsync(file) == 0 else { throw FileError("fsync", temporary, errno: errno) }
        try Files.rename(temporary, to: path)
        next += 1
    }

    private static func put(_ bytes: [UInt8], _ file: Int32, _ path: String) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + done, bytes.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError("write", path, errno: errno) }
            done += count
        }
    }

    // MARK: What a process that ended left behind

    private static let noteSize = 24

    private func note(_ salts: WriteAheadLog.Salts, _ commit: Commit) throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.noteSize)
        withUnsafeBytes(of: salts.first.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: salts.second.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: Int64(commit.frames).littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: commit.at.milliseconds.littleEndian) { bytes.append(contentsOf: $0) }
        try Self.put(bytes, notes, "\(configuration.folder)/commits")
    }

    /// Before the database is opened, which brings the log into the file and empties it.
    private func keepLeftover() throws {
        wal = open(walPath, O_RDONLY | O_CLOEXEC)
        defer {
            if wal >= 0 { close(wal) }
            wal = -1
            salts = WriteAheadLog.Salts()
            commits = []
            kept = 0
        }
        guard wal >= 0, let log = try WriteAheadLog(wal, walPath) else { return }
        let frames = try log.committedFrames()
        guard frames > 0, coveredTo != nil else { return }
        salts = log.salts
        commits = try readNotes(of: salts)
        let modified = try Files.modified(walPath)
        let last = max(commits.last?.at ?? modified, coveredTo ?? modified)
        // Some may be in a segment already; pages that are put in their place twice are the same.
        try write(log, from: 0, to: frames, covering: coveredTo ?? last, last)
        coveredTo = last
    }

    private func readNotes(of salts: WriteAheadLog.Salts) throws -> [Commit] {
        let bytes = try Files.read("\(configuration.folder)/commits")
        return bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count / Self.noteSize * Self.noteSize, by: Self.noteSize).compactMap { place in
                guard bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self).littleEndian == salts.first,
                    bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self).littleEndian == salts.second
                else { return nil }
                return Commit(
                    frames: Int(bytes.loadUnaligned(fromByteOffset: place + 8, as: Int64.self).littleEndian),
                    at: Instant(milliseconds: bytes.loadUnaligned(fromByteOffset: place + 16, as: Int64.self).littleEndian))
            }
        }
    }
}
