import Foundation
import Testing

@testable import Server

/// Requests that were damaged at random, sent as they are: each gets an answer or its connection closed, and the server goes on.
@Suite struct FuzzTests {
    private static let requests = [
        "GET /a/b%20c?x=1&y=%C3%A9 HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: example.org\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"hello\": 12}",
        "PUT /a HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: example.org\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.0\r\nHost: example.org\r\nConnection: keep-alive\r\n\r\nGET /second HTTP/1.1\r\nHost: [::1]:80\r\nCookie: a=b; c=d\r\n\r\n",
        "OPTIONS /x HTTP/1.1\r\nHost: a\r\nX-Request-Id: abcdefgh\r\nAuthorization: Bearer kt_x\r\nIf-None-Match: \"a\", W/\"b\"\r\n\r\n",
    ]
    private static let pieces = [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", "%", "%00", "%2f", "..", "//", "?", "#", "Host: evil\r\n", "Content-Length: 5\r\n",
        "Content-Length: 18446744073709551617\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "HTTP/1.1",
        "HTTP/9.9", "ffffffffffffffff\r\n", "-1\r\n", ": folded\r\n ", String(repeating: "a", count: 9_000), "\u{fffd}", "[", "]", "@",
    ]

    private static func damaged(_ random: inout some RandomNumberGenerator) -> [UInt8] {
        var bytes = Array(requests.randomElement(using: &random)!.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random) }
            case 1: if at < bytes.count { bytes.remove(at: at) }
            case 2, 3: bytes.insert(contentsOf: Array(pieces.randomElement(using: &random)!.utf8), at: at)
            case 4: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0...20, using: &random)))
            default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + Int.random(in: 0...60, using: &random))], at: at)
            }
        }
        return bytes
    }

    /// nil when the connection was closed without an answer.
    private static func statusLine(_ client: RawClient) throws -> String? {
        do { return try client.readLine() } catch let failure as RawClient.Failure {
            guard failure.description.hasPrefix("closed in a line") else { throw failure }
            return nil
        }
    }

    @Test func `damaged requests are answered or closed, whatever is in them`() throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["KONTOR_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
        let rounds = environment["KONTOR_LONG"] == nil ? 800 : 300_000
        print("HTTP fuzzer: KONTOR_SEED=\(seed), \(rounds) requests")
        var random = Seeded(state: seed)
        let server = try TestServer { $0.idleTimeoutSeconds = 2 }
        for round in 0..<rounds {
            let bytes = Self.damaged(&random)
            let client = try server.client()
            client.send(bytes)
            client.endWriting()
            // Only the first line: the library may notice a half-closed connection late.
            if let line = try Self.statusLine(client) {
                let status = Int(line.dropFirst(9).prefix(3)) ?? 0
                let good = line.hasPrefix("HTTP/1.") && (100..<600).contains(status) && status != 500
                try #require(good, "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self).debugDescription) gave \(line)")
            }
            if round.isMultiple(of: 500) { #expect(try server.client().get("/whole").status == 200, "seed \(seed), round \(round)") }
        }
        for entry in server.handler.finished where !entry.isRefused { #expect(entry.target.hasPrefix("/")) }
        #expect(try server.client().get("/whole").status == 200)
    }

    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }
}
