import Core
import Foundation
import Testing

@testable import Server

@Suite struct StaticFilesTests {
    /// A folder with a start page, a till and a few more files; removed at the end.
    final class Folder {
        let path: String

        init(_ files: [String: String] = Folder.usual) throws {
            path = try Files.temporaryDirectory("kontor-web")
            for (name, text) in files {
                try Files.createDirectory(Files.parent(path + "/" + name))
                try Files.writeAtomically(path + "/" + name, Array(text.utf8), mode: 0o644)
            }
        }

        static let usual = [
            "index.html": "<script type=module src=/w/{digest}/lib/a.js></script>" + String(repeating: "<p>filler</p>", count: 50),
            "till/index.html": "<link rel=manifest href=manifest.webmanifest>",
            "till/manifest.webmanifest": "{\"start_url\":\"/till/\",\"v\":\"{digest}\"}",
            "till/sw.js": "const digest = '{digest}';",
            "lib/a.js": "export const a = 1; " + String(repeating: "// filler\n", count: 100),
            "styles/a.css": "a { }",
            "icon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "photo.png": "not really",
            "README.md": "not served",
            ".hidden": "not served",
        ]

        deinit { try? Files.removeTree(path) }
    }

    private func server(_ files: StaticFiles) throws -> TestServer {
        try TestServer(TestHandler { request, responder in
            responder.answer(files.response(to: request) ?? .text("none", status: 404))
        })
    }

    @Test func `files are served under the digest for ever, pages at their place and never kept`() throws {
        let folder = try Folder()
        let files = try StaticFiles(folder: folder.path)
        #expect(files.digest.count == 16)
        let w = "/w/\(files.digest)"
        #expect(files.paths == [
            "/", "/index.html", "/till", "/till/", "/till/index.html", "/till/manifest.webmanifest", "/till/sw.js",
            w + "/icon.svg", w + "/index.html", w + "/lib/a.js", w + "/photo.png", w + "/styles/a.css", w + "/till/index.html",
            w + "/till/manifest.webmanifest", w + "/till/sw.js",
        ].sorted())
        let server = try server(files)
        let client = try server.client()

        let page = try client.get("/")
        #expect(page.status == 200)
        #expect(page.text.hasPrefix("<script type=module src=\(w)/lib/a.js>"))
        #expect(page.header("content-type") == "text/html; charset=utf-8")
        #expect(page.header("cache-control") == "no-cache")
        #expect(page.header("content-security-policy") == PagePolicy.console)
        #expect(page.header("content-security-policy")?.contains("require-trusted-types-for 'script'; trusted-types 'none'") == true)
        #expect(page.header("cross-origin-opener-policy") == "same-origin")
        #expect(page.header("x-content-type-options") == "nosniff")
        #expect(page.header("referrer-policy") == "no-referrer")
        #expect(page.header("content-encoding") == nil)
        #expect(try client.get("/index.html").text == page.text)

        let till = try client.get("/till/")
        #expect(till.header("content-security-policy")?.hasSuffix("trusted-types sw") == true)
        let redirect = try client.get("/till")
        #expect(redirect.status == 308)
        #expect(redirect.header("location") == "/till/")
        #expect(try client.get("/till/manifest.webmanifest").text.contains(files.digest))
        let worker = try client.get("/till/sw.js")
        #expect(worker.text == "const digest = '\(files.digest)';")
        #expect(worker.header("cache-control") == "no-cache")
        #expect(worker.header("content-security-policy") == PagePolicy.till)

        let module = try client.get(w + "/lib/a.js")
        #expect(module.status == 200)
        #expect(module.header("content-type") == "text/javascript; charset=utf-8")
        #expect(module.header("cache-control") == "public, max-age=31536000, immutable")
        #expect(try client.get(w + "/photo.png").header("content-type") == "image/png")
        for missing in ["/lib/a.js", "/README.md", w + "/README.md", w + "/.hidden", "/w/0000000000000000/lib/a.js", w, "/w/", "/Till/"] {
            #expect(try client.get(missing).status == 404, "\(missing)")
        }
    }

    @Test func `text is compressed for who takes it`() throws {
        let folder = try Folder()
        let files = try StaticFiles(folder: folder.path)
        let server = try server(files)
        let client = try server.client()
        let path = "/w/\(files.digest)/lib/a.js"
        let plain = try client.get(path)
        let packed = try client.get(path, headers: "Accept-Encoding: br, gzip\r\n")
        #expect(plain.header("content-encoding") == nil)
        #expect(plain.header("vary") == "Accept-Encoding")
        #expect(packed.header("content-encoding") == "gzip")
        #expect(packed.header("vary") == "Accept-Encoding")
        #expect(packed.body.count < plain.body.count / 4)
        #expect(try Self.gunzip(packed.body) == plain.body)
        #expect(packed.header("etag") != plain.header("etag"))
        let small = try client.get("/w/\(files.digest)/styles/a.css", headers: "Accept-Encoding: gzip\r\n")
        #expect(small.header("content-encoding") == nil, "it would be larger")
    }

    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("br, gzip;q=0.5", true), ("gzip;q=0", false), ("gzip; q=0.0", false), ("br", false),
        ("", false), ("*", false), ("x-gzip", true), ("gzipped", false), ("gzip;q=nonsense", false),
    ])
    func `Accept-Encoding is read with its weights`(header: String, takes: Bool) {
        #expect(StaticFile.takesGzip(header) == takes)
    }

    @Test func `what is known is not sent again`() throws {
        let folder = try Folder()
        let server = try server(try StaticFiles(folder: folder.path))
        let client = try server.client()
        for encoding in ["", "Accept-Encoding: gzip\r\n"] {
            let tag = try #require(try client.get("/", headers: encoding).header("etag"))
            for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let response = try client.get("/", headers: encoding + "If-None-Match: \(known)\r\n")
                #expect(response.status == 304, "\(known)")
                #expect(response.header("etag") == tag)
                #expect(response.header("cache-control") == "no-cache")
                #expect(response.body.isEmpty)
            }
            #expect(try client.get("/", headers: encoding + "If-None-Match: \"other\"\r\n").status == 200)
        }
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try client.readResponse(isHead: true)
        #expect(head.status == 200)
        #expect(head.header("content-length").flatMap { Int($0) } ?? 0 > 100)
    }

    @Test func `a changed file changes the digest, and so does a renamed one`() throws {
        let first = try Folder()
        let same = try Folder()
        var changed = Folder.usual
        changed["lib/a.js"]? += "x"
        let second = try Folder(changed)
        var renamed = Folder.usual
        renamed["lib/b.js"] = renamed.removeValue(forKey: "lib/a.js")
        let third = try Folder(renamed)
        let digest = try StaticFiles(folder: first.path).digest
        #expect(try StaticFiles(folder: same.path).digest == digest)
        #expect(try StaticFiles(folder: second.path).digest != digest)
        #expect(try StaticFiles(folder: third.path).digest != digest)
    }

    @Test func `files from elsewhere are served under the path given, a start page may serve many`() throws {
        let folder = try Folder()
        let other = try Folder(["d3.min.js": "d3"])
        let files = try StaticFiles(folder: folder.path, extra: [("/vendor/d3/5.16.0/d3.min.js", other.path + "/d3.min.js")])
        let server = try TestServer(TestHandler { request, responder in
            responder.answer(files.response(to: request) ?? files.response(to: request, path: "/") ?? .text("none", status: 404))
        })
        let client = try server.client()
        #expect(try client.get("/vendor/d3/5.16.0/d3.min.js").text == "d3")
        #expect(try client.get("/r/customers").text.contains("filler"))
    }

    @Test func `a missing folder is an error`() throws {
        #expect(throws: FileError.self) { try StaticFiles(folder: "/nonexistent/Web") }
    }

    static func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
        let folder = try Files.temporaryDirectory("kontor-gzip")
        defer { try? Files.removeTree(folder) }
        try Files.writeAtomically(folder + "/a.gz", bytes, mode: 0o600)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-d", folder + "/a.gz"]
        try process.run()
        process.waitUntilExit()
        return try Files.read(folder + "/a")
    }
}
