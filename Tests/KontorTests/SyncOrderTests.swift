import Core
import Dispatch
import Glibc
import Storage
import Synchronization
import Testing

@testable import kontor

/// No answer leaves before the flush that makes it true: the system calls say so, as strace saw them.
@Suite struct SyncOrderTests {
    @Test func `every answered sale was flushed after it was asked for and before it was answered`() throws {
        let data = try Kontor.demoData()
        let trace = data.path + "/trace"
        let count = environment("KONTOR_LONG") == nil ? 400 : 10_000
        // -D: the tracer is the server's grandchild, so the server is our child and takes our signals.
        let server = try RunningServer(
            data.path,
            watchedBy: ["strace", "-D", "-f", "-q", "-y", "-s", "600", "-e", "trace=fdatasync,fsync,recvfrom,sendto,sendmsg,writev", "-o", trace])
        let answered = Mutex<Set<String>>([])
        let port = server.port
        let acme = try server.demo.tenant("acme")
        let host = acme.domain, token = try acme.user("cashier").token
        @Sendable func sell(_ name: String, _ times: Int) {
            let caller = Caller(port: port, host: host, token: token)
            for number in 0..<times {
                let id = "sale-\(name)-\(number)"
                guard let answer = try? caller.ask("POST", "/api/sales", firstSale, key: id, headers: [("X-Request-Id", id)]) else { return }
                guard answer.status == 201, answer.header("x-request-id") == id else { return }
                answered.withLock { _ = $0.insert(id) }
            }
        }
        // One after the other, each alone in its turn; then eight at a time, who share turns.
        sell("alone", count / 2)
        let crew = DispatchGroup()
        for number in 0..<8 {
            crew.enter()
            Thread.start(name: "seller", stackBytes: 1 << 20) {
                sell("crew\(number)", count / 16)
                crew.leave()
            }
        }
        crew.wait()
        #expect(server.child.stop() == 0)
        let order = try SyncOrder(trace: trace)
        let ids = answered.withLock { $0 }
        #expect(ids.count == count / 2 + 8 * (count / 16))
        #expect(ids.subtracting(order.answered).isEmpty, "the trace does not show every answer")
        #expect(order.early == [], "answered before the flush")
        print("sync order: \(order.answered.count) answers, \(order.flushes) flushes, \(order.early.count) answers before theirs")
    }
}

/// What a trace says of the order of requests, flushes and answers.
struct SyncOrder {
    /// Request ids whose answer was sent.
    private(set) var answered: Set<String> = []
    /// Those for which no flush of a tenant's log began after the request had come and ended before the answer went.
    private(set) var early: [String] = []
    private(set) var flushes = 0

    init(trace path: String) throws {
        // strace's grandchild may write on for a moment after the server has ended.
        var text = ""
        for _ in 0..<1_000 {
            text = String(decoding: try Files.read(path), as: UTF8.self)
            if text.contains("+++ exited with 0 +++") { break }
            usleep(10_000)
        }
        var asked: [String: Int] = [:]       // line at which the request had come
        var begun: [Substring: Int] = [:]    // flushes that run, by thread
        var lastFlushBegan = -1              // the latest beginning of all flushes that have ended
        for (number, line) in text.split(separator: "\n").enumerated() {
            let thread = line.prefix { $0 != " " }
            if line.contains("fdatasync(") || line.contains("fsync(") {
                guard line.contains("tenant.db-wal") else { continue }
                if line.contains("<unfinished ...>") {
                    begun[thread] = number
                } else if line.hasSuffix("= 0") {
                    flushes += 1
                    lastFlushBegan = max(lastFlushBegan, number)
                }
            } else if line.contains("fdatasync resumed>") || line.contains("fsync resumed>") {
                guard let began = begun.removeValue(forKey: thread), line.hasSuffix("= 0") else { continue }
                flushes += 1
                lastFlushBegan = max(lastFlushBegan, began)
            } else if line.contains("recvfrom"), let id = Self.id(in: line) {
                asked[id] = number
            } else if line.contains("HTTP/1.1 201"), let id = Self.id(in: line), let came = asked[id] {
                answered.insert(id)
                if lastFlushBegan <= came { early.append(id) }
            }
        }
    }

    /// The request's id in a line that shows a head.
    private static func id(in line: Substring) -> String? {
        let mark = "X-Request-Id: "
        guard let start = line.firstRange(of: mark)?.upperBound else { return nil }
        return String(line[start...].prefix { $0 != "\\" && $0 != "\"" })
    }
}
