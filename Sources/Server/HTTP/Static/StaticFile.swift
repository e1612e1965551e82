import CBridge
import Core
import Glibc

/// One file with its ready answers: plain and compressed, each also as "not modified".
struct StaticFile: Sendable {
    private struct Variant: Sendable {
        var tag: String
        var whole: SharedResponse
        var unchanged: SharedResponse?
    }

    private var plain: Variant
    private var compressed: Variant?

    init(_ path: String, _ bytes: [UInt8], isFixed: Bool) throws {
        let type = StaticFile.type(of: path)
        var headers = [
            ("Cache-Control", isFixed ? "public, max-age=31536000, immutable" : "no-cache"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ]
        // A worker has the policy that its script came with.
        if type.hasPrefix("text/html") || type.hasPrefix("text/javascript") {
            headers.append(("Content-Security-Policy", PagePolicy.of(path)))
        }
        if type.hasPrefix("text/html") {
            headers += [
                ("Cross-Origin-Opener-Policy", "same-origin"),
                ("Permissions-Policy", "camera=(self), geolocation=(), microphone=()"),
            ]
        }
        let digest = Digest.hex(Digest.sha256(bytes).prefix(12))
        var small: [UInt8]?
        if StaticFile.isText(path), let gzip = StaticFile.compress(bytes), gzip.count < bytes.count { small = gzip }
        if small != nil { headers.append(("Vary", "Accept-Encoding")) }
        plain = try StaticFile.variant(bytes, type, headers, tag: "\"\(digest)\"", encoding: nil)
        compressed = try small.map {
            try StaticFile.variant($0, type, headers, tag: "\"\(digest)-gz\"", encoding: "gzip")
        }
    }

    init(redirectTo location: String) throws {
        let response = HTTPResponse(status: 308, headers: [("Location", location), ("Cache-Control", "no-cache")])
        guard let shared = SharedResponse(response) else { throw StaticFilesError.noMemory }
        plain = Variant(tag: "", whole: shared, unchanged: nil)
    }

    /// - Parameters:
    ///   - accepted: Accept-Encoding.
    ///   - known: If-None-Match.
    func response(accepted: String?, known: String?) -> HTTPResponse {
        let variant = compressed.flatMap { StaticFile.takesGzip(accepted) ? $0 : nil } ?? plain
        if let known, let unchanged = variant.unchanged, StaticFile.list(known, names: variant.tag) {
            return HTTPResponse(shared: unchanged)
        }
        return HTTPResponse(shared: variant.whole)
    }

    private static func variant(
        _ bytes: [UInt8], _ type: String, _ headers: [(String, String)], tag: String, encoding: String?
    ) throws -> Variant {
        let headers = headers + [("ETag", tag)]
        let more = encoding.map { [("Content-Encoding", $0)] } ?? []
        guard
            let whole = SharedResponse(HTTPResponse(status: 200, headers: headers + more, body: bytes, contentType: type)),
            let unchanged = SharedResponse(HTTPResponse(status: 304, headers: headers))
        else { throw StaticFilesError.noMemory }
        return Variant(tag: tag, whole: whole, unchanged: unchanged)
    }

    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        bytes.withUnsafeBytes { buffer in
            var count = 0
            guard let start = buffer.baseAddress, let out = kh_gzip(start, buffer.count, &count) else { return nil }
            defer { free(out) }
            return Array(UnsafeRawBufferPointer(start: out, count: count))
        }
    }

    /// Whether gzip is named with a weight above 0; `*` is not taken for it.
    static func takesGzip(_ header: String?) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { item in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let coding = parts.first, coding == "gzip" || coding == "x-gzip" else { return false }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
            return weight.map { Double($0).map { $0 > 0 } ?? false } ?? true
        }
    }

    /// Weak comparison.
    static func list(_ header: String, names tag: String) -> Bool {
        header.split(separator: ",").contains { item in
            let item = item.drop { $0 == " " || $0 == "\t" }
            let bare = item.hasPrefix("W/") ? item.dropFirst(2) : item
            return bare == "*" || bare.prefix { $0 != " " && $0 != "\t" } == tag
        }
    }

    // MARK: Kinds

    /// Served at its plain path, too, and asked for each time.
    static func isEntry(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return path.hasSuffix(".html") || path.hasSuffix(".webmanifest")
            || ["sw.js", "service-worker.js", "robots.txt", "favicon.ico"].contains(name)
    }

    static func isText(_ path: String) -> Bool {
        let type = type(of: path)
        return type.hasPrefix("text/") || type.hasPrefix("application/json") || type == "application/manifest+json"
            || type == "image/svg+xml"
    }

    static func type(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        return types[String(name[name.index(after: dot)...])] ?? "application/octet-stream"
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "json": "application/json", "map": "application/json",
        "webmanifest": "application/manifest+json", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8",
        "csv": "text/csv; charset=utf-8", "lua": "text/plain; charset=utf-8", "png": "image/png", "jpg": "image/jpeg",
        "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "ico": "image/x-icon", "woff2": "font/woff2",
        "pdf": "application/pdf", "wasm": "application/wasm", "mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav",
    ]
}

/// What a page may load and do.
package enum PagePolicy {
    private static let strict = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
        "connect-src 'self'", "worker-src 'self'", "manifest-src 'self'", "base-uri 'none'", "form-action 'self'",
        "frame-ancestors 'none'", "require-trusted-types-for 'script'",
    ].joined(separator: "; ")

    /// No string may become markup or code.
    package static let console = strict + "; trusted-types 'none'"
    /// The same, but for the address of the till's own service worker.
    package static let till = strict + "; trusted-types sw"

    static func of(_ path: String) -> String { path.hasPrefix("till/") ? till : console }
}
