import Core
import Glibc

extension ChangeLog {
    /// What was put onto a copy.
    package struct Replay: Sendable, Equatable {
        package var commits = 0
        package var pages = 0
        /// The instants of the first and the last commit that were put on.
        package var first: Instant?
        package var last: Instant?
        /// The first commit that was not put on because it came later than what was asked for.
        package var next: Instant?
        /// Why it ended before the instant that was asked for; nil when it did not.
        package var stoppedBy: String?
        /// Segments that were not used, for that reason.
        package var refusedSegments = 0

        package init() {}
    }

    /// Brings a copy forward to the last commit at or before an instant, by the pages of the log.
    ///
    /// The copy is changed in place and has to be verified by whoever asks. Nothing is put on across a hole, or from a segment
    /// that is not as it was written: the copy is of the last moment before it then, and `stoppedBy` says so.
    /// - Parameters:
    ///   - path: a copy that `Backup.make` made, which nobody has open.
    ///   - takenAfter: the log from here on is needed; commits that the copy has already may be put on again.
    ///   - instant: nil for as far as the log goes.
    package static func replay(_ folder: String, onto path: String, takenAfter: Instant, to instant: Instant?) throws -> Replay {
        var replay = Replay()
        let items = try items(folder)
        // What lies before a hole that had ended when the copy was made is of no use to it.
        var first = 0
        for place in items.indices.dropLast() where items[place].kind == .hole {
            guard let header = try? Segment.header(of: items[place + 1]), header.from <= takenAfter else { continue }
            first = place + 1
        }
        guard let start = items[first...].firstIndex(where: { $0.kind != .hole && ((try? Segment.header(of: $0))?.to ?? takenAfter) >= takenAfter }) else {
            if let last = items.last, last.kind == .hole, instant.map({ $0 > takenAfter }) ?? true { replay.stoppedBy = "the log has a hole: " + (try Files.text(last.path).trimmingLine) }
            return replay
        }
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw FileError("open", path, errno: errno) }
        defer { close(file) }
        var covered = takenAfter
        func stop(_ place: Int, _ reason: String) {
            // Whatever is behind came later than what was asked for.
            if let instant, instant <= covered { return }
            replay.stoppedBy = reason
            replay.refusedSegments = items[place...].count { $0.kind != .hole }
        }
        var pages = 0
        var pageSize = 0
        var isOver = false
        for place in start..<items.count where !isOver {
            let item = items[place]
            if item.kind == .hole {
                stop(place, "the log has a hole: " + (try Files.text(item.path).trimmingLine))
                break
            }
            if place > start, items[place - 1].number + 1 != item.number {
                stop(place, "segment \(items[place - 1].number + 1) is missing")
                break
            }
            let segment: Segment
            do {
                segment = try Segment(reading: item)
            } catch StorageError.unsound(let what) {
                stop(place, what)
                break
            }
            if place == start, segment.header.from > takenAfter {
                stop(place, "the log begins at \(segment.header.from.description), after the copy was made")
                break
            }
            pageSize = segment.header.pageSize
            defer { covered = max(covered, segment.header.to) }
            // How many frames belong to commits of before.
            var wanted = 0
            var number = 0
            try segment.frames { frame, _ in
                number += 1
                if frame.pagesAfterCommit == 0 { return true }
                if let instant, frame.instant > instant {
                    isOver = true
                    replay.next = frame.instant
                    return false
                }
                wanted = number
                replay.commits += 1
                replay.first = replay.first ?? frame.instant
                replay.last = frame.instant
                pages = frame.pagesAfterCommit
                return true
            }
            number = 0
            try segment.frames { frame, page in
                guard number < wanted else { return false }
                number += 1
                try put(page, file, at: (frame.page - 1) * pageSize, path)
                replay.pages += 1
                return true
            }
        }
        if pages > 0, ftruncate(file, off_t(pages * pageSize)) != 0 { throw FileError("truncate", path, errno: errno) }
        guard fsync(file) == 0 else { throw FileError("fsync", path, errno: errno) }
        return replay
    }

    private static func put(_ page: UnsafeRawBufferPointer, _ file: Int32, at offset: Int, _ path: String) throws(FileError) {
        var done = 0
        while done < page.count {
            let count = pwrite(file, page.baseAddress! + done, page.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError("write", path, errno: errno) }
            done += count
        }
    }
}

extension String {
    fileprivate var trimmingLine: String { String(self[..<(firstIndex(of: "\n") ?? endIndex)]) }
}
