import Core

/// An absolute http or https URL, read strictly, so that what is checked is what is connected to.
package struct OutboundURL: Sendable, Equatable {
    package let scheme: String
    /// In small letters; an IPv6 address in brackets.
    package let host: String
    package let port: Int
    /// Path and query, at least `/`.
    package let target: String

    package var text: String { "\(origin)\(target)" }
    package var origin: String { "\(scheme)://\(host)\(port == (scheme == "https" ? 443 : 80) ? "" : ":\(port)")" }

    /// - Throws: 422 `http.url_invalid`.
    package init(_ text: String) throws(Problem) {
        func wrong(_ message: String) -> Problem { Problem(422, "http.url_invalid", "“\(text.prefix(200))” \(message).", field: "url") }
        guard text.utf8.count <= 4_000, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw wrong("has characters that a URL does not have; percent-encode them")
        }
        let lower = text.lowercased()
        guard let scheme = ["https", "http"].first(where: { lower.hasPrefix("\($0)://") }) else { throw wrong("must begin with https:// or http://") }
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let tail = rest.dropFirst(authority.count)
        guard !tail.contains("#") else { throw wrong("must have no fragment") }
        var host = authority
        var port = scheme == "https" ? 443 : 80
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = authority[..<colon]
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else { throw wrong("has no proper port") }
            port = number
        }
        let isFine = host.hasPrefix("[")
            ? host.hasSuffix("]") && host.dropFirst().dropLast().utf8.allSatisfy { Self.isHex($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
            : !host.isEmpty && host.utf8.allSatisfy { Self.isName($0) }
        guard isFine else { throw wrong("has no proper host; a user and password do not go into it") }
        let target = tail.isEmpty || tail.hasPrefix("?") ? "/\(tail)" : String(tail)
        // Dots that a server may take for steps up would lead out of an allowed path.
        for segment in target.prefix(while: { $0 != "?" }).lowercased().split(separator: "/") {
            let plain = segment.replacing("%2e", with: ".")
            if plain == "." || plain == ".." || segment.contains("%2f") || segment.contains("%5c") { throw wrong("has steps such as .. in its path") }
        }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
        self.target = target
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
}

/// What a plugin may ask of whom: `POST https://api.acme.example/v1/*`, of its manifest's `capabilities.http`.
package struct HTTPGrant: Sendable, Equatable {
    /// nil for every method.
    package let method: String?
    package let url: OutboundURL
    /// Whether everything that begins so is meant.
    package let isPrefix: Bool

    package static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

    /// - Throws: 422 `http.url_invalid`, `http.grant_invalid`.
    package init(_ text: String) throws(Problem) {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 2, parts[0] == "*" || Self.methods.contains(parts[0]) else {
            throw Problem(422, "http.grant_invalid", "“\(text.prefix(200))” must be a method or * and a URL, such as \"POST https://api.example.com/v1/*\".")
        }
        method = parts[0] == "*" ? nil : parts[0]
        isPrefix = parts[1].hasSuffix("*")
        let bare = isPrefix ? String(parts[1].dropLast()) : parts[1]
        guard !bare.contains("*") else { throw Problem(422, "http.grant_invalid", "“\(text.prefix(200))” may have a * at its end only.") }
        url = try OutboundURL(bare)
        // "https://api.example.com*" would let everybody in whose name begins so; as read, the host is whole and the path begins.
        guard !isPrefix || bare.dropFirst(url.scheme.count + 3).contains("/") else {
            throw Problem(422, "http.grant_invalid", "“\(text.prefix(200))” must have a / between the host and the *.")
        }
    }

    package func covers(_ method: String, _ url: OutboundURL) -> Bool {
        guard self.method == nil || self.method == method, self.url.origin == url.origin else { return false }
        return isPrefix ? url.target.hasPrefix(self.url.target) : url.target == self.url.target
    }
}
