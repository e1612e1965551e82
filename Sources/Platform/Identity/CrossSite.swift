import Core

/// Protection of cookie sessions against requests that another site makes a browser send.
package enum CrossSite {
    /// A request that writes and is authenticated by a cookie must come from the tenant's own pages, as JSON: a form cannot
    /// send that, and a script elsewhere cannot without asking first.
    ///
    /// - Parameters:
    ///   - origin: the Origin header as it came.
    ///   - host: the Host header, lower-case, with its port if it had one.
    ///   - contentType: nil for a request without a body.
    /// - Throws: 403 `auth.cross_site`, 415 `request.media_type`.
    package static func check(
        method: Endpoint.Method, origin: String?, host: String, contentType: String?, secure: Bool
    ) throws(Problem) {
        guard method != .get else { return }
        guard let origin, origin.lowercased() == "\(secure ? "https" : "http")://\(host)" else {
            throw Problem(
                403, "auth.cross_site", "A signed-in browser may only write from the pages of this business (Origin).")
        }
        guard let contentType else { return }
        let type = contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        guard !["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"].contains(type) else {
            throw Problem(415, "request.media_type", "Send application/json.")
        }
    }
}

/// The session's cookie.
package enum SessionCookie {
    /// `__Host-` binds it to this host and to TLS; plain HTTP on loopback has to do without.
    package static func name(secure: Bool) -> String { secure ? "__Host-kontor" : "kontor" }

    package static func set(_ secret: String, expiresAt: Instant, now: Instant, secure: Bool) -> (String, String) {
        let seconds = max(0, now.milliseconds(until: expiresAt) / 1000)
        return header(secret, maxAge: seconds, secure: secure)
    }

    package static func clear(secure: Bool) -> (String, String) { header("", maxAge: 0, secure: secure) }

    /// The session's secret in a Cookie header; nil when it is not there, or there twice.
    package static func secret(in header: String, secure: Bool) -> String? {
        let prefix = name(secure: secure) + "="
        var found: String?
        for part in header.utf8.split(separator: UInt8(ascii: ";")) {
            let part = Substring(part.drop { $0 == 0x20 })
            guard part.hasPrefix(prefix) else { continue }
            guard found == nil else { return nil }
            found = String(part.dropFirst(prefix.count))
        }
        return found
    }

    private static func header(_ value: String, maxAge: Int64, secure: Bool) -> (String, String) {
        (
            "Set-Cookie",
            "\(name(secure: secure))=\(value); Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Lax\(secure ? "; Secure" : "")"
        )
    }
}
