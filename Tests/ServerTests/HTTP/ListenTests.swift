import Foundation
import Synchronization
import Testing

@testable import Server

@Suite struct ListenTests {
    @Test func `both loopback addresses are served on one port by default`() throws {
        let handler = TestHandler()
        let server = HTTPServer(.init(), handler: handler)
        defer { server.stop() }
        let port = try server.start()
        #expect(try RawClient(port: port).get("/").json["peer"] as? String == "127.0.0.1")
        if let v6 = try? RawClient(port: port, address: "::1") {
            #expect(try v6.get("/").json["peer"] as? String == "::1")
        }
    }

    @Test(arguments: ["localhost", "*"])
    func `a name stands for several addresses`(name: String) throws {
        let server = try TestServer { $0.addresses = [name] }
        #expect(try server.client().get("/").status == 200)
        if let v6 = try? RawClient(port: server.port, address: "::1") { #expect(try v6.get("/").status == 200) }
    }

    @Test func `a Unix socket is for its owner alone and replaces a stale one`() throws {
        let path = NSTemporaryDirectory() + "kontor-\(UUID().uuidString.prefix(8)).sock"
        _ = FileManager.default.createFile(atPath: path, contents: Data("stale".utf8))
        do {
            let server = try TestServer { $0.localSocket = path }
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(status.st_mode & S_IFMT == S_IFSOCK)
            let seen = try RawClient(path: path).get("/x").json
            #expect(seen["local"] as? Bool == true)
            #expect(seen["peer"] as? String == "local")
            #expect(try server.client().get("/").json["local"] as? Bool == false)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `what cannot be listened on is said, and nothing is left listening`() throws {
        let first = try TestServer()
        var configuration = HTTPServer.Configuration()
        configuration.addresses = ["127.0.0.1"]
        configuration.port = first.port
        let second = HTTPServer(configuration, handler: TestHandler())
        let error = #expect(throws: HTTPServerError.self) { try second.start() }
        #expect(error?.message == "cannot listen on 127.0.0.1 port \(first.port): Address already in use")

        configuration.port = 0
        configuration.localSocket = NSTemporaryDirectory() + String(repeating: "x", count: 200)
        let tooLong = #expect(throws: HTTPServerError.self) { try HTTPServer(configuration, handler: TestHandler()).start() }
        #expect(tooLong?.message.contains("longer than 107 bytes") == true)
        configuration.localSocket = nil
        configuration.addresses = ["example.org"]
        let named = #expect(throws: HTTPServerError.self) { try HTTPServer(configuration, handler: TestHandler()).start() }
        #expect(named?.message == "example.org is not a numeric address")
    }

    @Test func `TLS is served with versions 1.2 and 1.3 only`() throws {
        let tls = try TestCertificate.make()
        let server = try TestServer { $0.tls = tls }
        let answer = try TestCertificate.request(port: server.port, path: "/secret", arguments: [])
        #expect(answer.contains("HTTP/1.1 200"))
        #expect(answer.contains("\"tls\":true"))
        #expect(answer.lowercased().contains("strict-transport-security: max-age=31536000"))
        #expect(try TestCertificate.request(port: server.port, path: "/", arguments: ["-tls1_2"]).contains("HTTP/1.1 200"))
        #expect(try TestCertificate.request(port: server.port, path: "/", arguments: ["-tls1_3"]).contains("HTTP/1.1 200"))
        #expect(try !TestCertificate.request(
            port: server.port, path: "/", arguments: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
        ).contains("HTTP/1.1"))
        // Plain HTTP on the port gets nothing, and the server goes on.
        let plain = try RawClient(port: server.port)
        plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(throws: RawClient.Failure.self) { try plain.readResponse() }
        #expect(try TestCertificate.request(port: server.port, path: "/", arguments: []).contains("HTTP/1.1 200"))
    }

    @Test func `bodies, late answers and streams go through TLS, too`() throws {
        let server = try TestServer(TestHandler { request, responder in
            Thread.detachNewThread {
                guard request.path == "/stream" else { return responder.answer(.json(describe(request))) }
                let stream = responder.stream(HTTPResponse(status: 200), capacity: 1000)
                for number in 0..<500 { stream?.write(Array("line \(number)\n".utf8)) }
                stream?.close()
            }
        }) { $0.tls = try? TestCertificate.make() }
        let body = String(repeating: "body ", count: 10_000)
        let posted = try TestCertificate.exchange(
            port: server.port, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(posted.contains(body))
        let streamed = try TestCertificate.exchange(port: server.port, "GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(streamed.contains("line 499\n"))
        #expect(streamed.hasSuffix("0\r\n\r\n"))
    }

    @Test func `a damaged certificate is refused at the start`() throws {
        var configuration = HTTPServer.Configuration()
        configuration.tls = .init(certificatePEM: "nonsense", keyPEM: "nonsense")
        let error = #expect(throws: HTTPServerError.self) { try HTTPServer(configuration, handler: TestHandler()).start() }
        #expect(error?.message.contains("certificate") == true)
    }
}

enum TestCertificate {
    static func make() throws -> HTTPServer.TLS {
        let folder = NSTemporaryDirectory() + "kontor-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-keyout", folder + "/key.pem", "-out", folder + "/certificate.pem",
        ])
        return HTTPServer.TLS(
            certificatePEM: try String(contentsOfFile: folder + "/certificate.pem", encoding: .utf8),
            keyPEM: try String(contentsOfFile: folder + "/key.pem", encoding: .utf8))
    }

    static func request(port: UInt16, path: String, arguments: [String]) throws -> String {
        try exchange(port: port, "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", arguments)
    }

    static func exchange(port: UInt16, _ input: String, _ arguments: [String] = []) throws -> String {
        try run(["s_client", "-connect", "127.0.0.1:\(port)", "-quiet", "-ign_eof"] + arguments, input: input)
    }

    static func run(_ arguments: [String], input: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let (into, out) = (Pipe(), Pipe())
        process.standardInput = into
        process.standardOutput = out
        process.standardError = FileHandle.nullDevice
        signal(SIGPIPE, SIG_IGN)
        try process.run()
        try? into.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try? into.fileHandleForWriting.close()
        let data = out.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
