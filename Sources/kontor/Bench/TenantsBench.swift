import Core
import Glibc

/// What a business costs in memory while nobody asks for it, and while it is open.
enum TenantsBench {
    private static let count = 1_000

    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let empty = try bench.serve("\(bench.scratch)/tenants-none")
        let base = try residentKiB(empty.child.pid)
        empty.child.stop()

        bench.say("making \(count) businesses")
        let data = "\(bench.scratch)/tenants"
        try make(1...100, data, bench.home)
        var starts: [Double] = []
        for _ in 0..<5 {
            let begun = monotonicNanoseconds()
            let server = try bench.serve(data)
            starts.append(Double(monotonicNanoseconds() - begun) / 1e6)
            server.child.stop()
        }
        try make(101...count, data, bench.home)

        let server = try bench.serve(data, ["--idle-seconds", "60"])
        defer { server.child.stop() }
        // By the socket every business answers its detailed health, which opens its database and its revision.
        let client = HTTPClient(.socket(path: data + "/kontor.sock"))
        func open() throws {
            for number in 1...count {
                let answer = try client.send("GET", "/api/health/detailed", headers: [("Host", "t\(number).localhost")])
                guard answer.status == 200 else { throw Problem.answered(answer.status, answer.body, asked: "GET /api/health/detailed") }
            }
        }
        try open()
        let whileOpen = try residentKiB(server.child.pid)
        let files = openFiles(server.child.pid)
        bench.say("waiting until all are closed")
        let deadline = monotonicNanoseconds() + 150_000_000_000
        while openFiles(server.child.pid) > files / 20, monotonicNanoseconds() < deadline { usleep(250_000) }
        usleep(2_000_000)
        let whileClosed = try residentKiB(server.child.pid)
        let closed = Double(whileClosed - base) / Double(count)
        let opened = Double(whileOpen - base) / Double(count) / 1024
        return [
            Measurement(
                name: "tenants", value: max(closed, 0), unit: "KiB closed", floor: 64, bar: "at most 64 KiB each",
                isMet: closed <= 64, more: ["count": .int(Int64(count))]),
            Measurement(
                name: "tenants_open", value: opened, unit: "MiB open", floor: 8, bar: "at most 8 MiB each", isMet: opened <= 8,
                more: ["count": .int(Int64(count)), "files": .int(Int64(files))]),
            Measurement(
                name: "start", value: median(starts), unit: "ms to listen", floor: 150, bar: "at most 150 ms with 100 tenants",
                isMet: median(starts) <= 150, more: ["count": 100]),
        ]
    }

    private static func make(_ numbers: ClosedRange<Int>, _ data: String, _ home: String) throws {
        let house = try House(data: data, home: home)
        defer { house.close() }
        for number in numbers {
            let body: Value = [
                "domain": .string("t\(number).localhost"), "name": .string("Tenant \(number)"), "currency": "GHS", "country": "GH",
                "time_zone": "Africa/Accra",
            ]
            let (status, bytes) = try house.perform("POST", "/api/tenants", at: .operator, body: JSON.serialize(body))
            guard status == 201 else { throw Problem.answered(status, bytes, asked: "POST /api/tenants") }
        }
    }

    private static func residentKiB(_ pid: pid_t) throws -> Int {
        let status = try Files.text("/proc/\(pid)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first ?? 0
    }

    private static func openFiles(_ pid: pid_t) -> Int {
        (try? Files.list("/proc/\(pid)/fd").count) ?? 0
    }
}
