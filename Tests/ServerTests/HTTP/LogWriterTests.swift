import Core
import Foundation
import Synchronization
import Testing

@testable import Server

@Suite struct LogWriterTests {
    final class LogFile {
        let folder: String
        var path: String { folder + "/kontor.log" }
        init() throws { folder = try Files.temporaryDirectory("kontor-log") }
        deinit { try? Files.removeTree(folder) }

        func lines() throws -> [[String: Any]] {
            try Files.text(path).split(separator: "\n").map {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
            }
        }
    }

    @Test func `a line is one JSON object with time, level, event and members`() throws {
        let file = try LogFile()
        let clock = ManualClock(Instant(milliseconds: 1_767_605_400_123))
        let log = try LogWriter(to: .file(file.path), clock: clock)
        log.write(.info, "http.request") { json in
            json.member("path", "/a\"b\u{1b}[31m\n")
            json.member("status", 200)
        }
        log.write(.warning, "job.late", [("job", "nightly")])
        log.flush()
        #expect(try Files.text(file.path) == """
            {"ts":"2026-01-05T09:30:00.123Z","level":"info","event":"http.request","path":"/a\\"b\\u001b[31m\\n","status":200}
            {"ts":"2026-01-05T09:30:00.123Z","level":"warning","event":"job.late","job":"nightly"}

            """)
        #expect(try Files.mode(file.path) == 0o640)
    }

    @Test func `below the minimum level nothing is written or computed`() throws {
        let file = try LogFile()
        let log = try LogWriter(to: .file(file.path), minimum: .warning)
        log.write(.info, "quiet") { _ in Issue.record("computed") }
        #expect(!log.isEnabled(.info))
        log.write(.error, "loud")
        log.close()
        #expect(try file.lines().map { $0["event"] as? String } == ["loud"])
    }

    @Test func `lines of many threads are whole and none is lost`() throws {
        let file = try LogFile()
        let log = try LogWriter(to: .file(file.path), capacity: 64 << 20)
        let group = DispatchGroup()
        for thread in 0..<8 {
            group.enter()
            Thread.detachNewThread {
                for number in 0..<2000 { log.write(.info, "line", [("id", "\(thread)-\(number)")]) }
                group.leave()
            }
        }
        group.wait()
        log.close()
        let ids = try file.lines().compactMap { $0["id"] as? String }
        #expect(ids.count == 16_000)
        #expect(Set(ids).count == 16_000)
        for thread in 0..<8 {
            #expect(ids.filter { $0.hasPrefix("\(thread)-") } == (0..<2000).map { "\(thread)-\($0)" })
        }
        #expect(log.dropped == 0)
    }

    @Test func `without a flush a line is on disk within a moment`() throws {
        let file = try LogFile()
        let log = try LogWriter(to: .file(file.path))
        log.write(.info, "soon")
        #expect(eventually { ((try? file.lines().count) ?? 0) == 1 })
        log.write(.info, "again")
        #expect(eventually { ((try? file.lines().count) ?? 0) == 2 })
    }

    @Test func `too much at once is dropped, counted and told`() throws {
        let file = try LogFile()
        let log = try LogWriter(to: .file(file.path), capacity: 1000)
        for _ in 0..<1000 { log.write(.info, "flood") }
        log.close()
        let lines = try file.lines()
        let written = lines.filter { $0["event"] as? String == "flood" }.count
        #expect(written > 0)
        #expect(log.dropped > 0)
        #expect(written + log.dropped == 1000)
        let told = lines.filter { $0["event"] as? String == "log.dropped" }.compactMap { $0["lines"] as? Int }.reduce(0, +)
        #expect(told == log.dropped)
        log.write(.info, "late")
        log.close()
        #expect(try file.lines().count == lines.count)
    }

    @Test func `what waits is written when the writer goes away`() throws {
        let file = try LogFile()
        do {
            let log = try LogWriter(to: .file(file.path))
            log.write(.info, "last words")
        }
        #expect(try file.lines().count == 1)
    }

    @Test func `a rotated file is opened anew`() throws {
        let file = try LogFile()
        let log = try LogWriter(to: .file(file.path))
        log.write(.info, "old")
        log.flush()
        try Files.rename(file.path, to: file.path + ".1")
        log.write(.info, "still old")
        log.flush()
        try log.reopen()
        log.write(.info, "new")
        log.flush()
        #expect(try file.lines().map { $0["event"] as? String } == ["new"])
        #expect(try Files.text(file.path + ".1").split(separator: "\n").count == 2)
    }

    @Test func `a file that cannot be opened is an error`() throws {
        #expect(throws: FileError.self) { try LogWriter(to: .file("/nonexistent/kontor.log")) }
    }
}
