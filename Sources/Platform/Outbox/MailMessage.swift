import Core

/// A mail as it goes over the wire: RFC 5322 headers, RFC 2047 words where they are not ASCII, MIME parts for text, HTML and
/// attachments. Lines end in CR LF and have at most 76 characters.
package struct MailMessage: Sendable {
    package struct Attachment: Sendable {
        package var name: String
        /// `application/pdf`
        package var type: String
        package var bytes: [UInt8]

        package init(name: String, type: String, bytes: [UInt8]) {
            self.name = name
            self.type = type
            self.bytes = bytes
        }
    }

    package var from: MailAddress
    package var to: MailAddress
    package var replyTo: MailAddress?
    package var subject: String
    package var text: String
    package var html: String?
    package var attachments: [Attachment] = []
    /// The same for every attempt.
    package var key: String
    package var date: Instant

    package init(from: MailAddress, to: MailAddress, subject: String, text: String, key: String, date: Instant) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.key = key
        self.date = date
    }

    /// `<k3f…@acme.example>`
    package var messageID: String { "<\(key)@\(from.domain)>" }

    package var bytes: [UInt8] {
        var lines = Lines()
        lines.header("Date", Self.date(date))
        lines.header("From", from.header)
        lines.header("To", to.header)
        if let replyTo { lines.header("Reply-To", replyTo.header) }
        lines.header("Subject", Self.words(subject, after: "Subject: ".count))
        lines.header("Message-ID", messageID)
        lines.header("Auto-Submitted", "auto-generated")
        lines.header("MIME-Version", "1.0")
        if attachments.isEmpty {
            body(&lines)
        } else {
            let boundary = "mixed-\(key)"
            lines.header("Content-Type", "multipart/mixed;\r\n boundary=\"\(boundary)\"")
            lines.line("")
            lines.line("--\(boundary)")
            body(&lines)
            for attachment in attachments {
                lines.line("--\(boundary)")
                lines.header("Content-Type", Self.isType(attachment.type) ? attachment.type : "application/octet-stream")
                lines.header("Content-Disposition", "attachment;\r\n \(Self.parameter("filename", attachment.name))")
                lines.header("Content-Transfer-Encoding", "base64")
                lines.line("")
                lines.base64(attachment.bytes)
            }
            lines.line("--\(boundary)--")
        }
        return lines.bytes
    }

    private func body(_ lines: inout Lines) {
        guard let html else { return part("text/plain", text, &lines) }
        let boundary = "alternative-\(key)"
        lines.header("Content-Type", "multipart/alternative;\r\n boundary=\"\(boundary)\"")
        lines.line("")
        lines.line("--\(boundary)")
        part("text/plain", text, &lines)
        lines.line("--\(boundary)")
        part("text/html", html, &lines)
        lines.line("--\(boundary)--")
    }

    private func part(_ type: String, _ text: String, _ lines: inout Lines) {
        lines.header("Content-Type", "\(type); charset=utf-8")
        let unix = Array(text.utf8).filter { $0 != 0x0D }
        let isPlain = unix.allSatisfy { $0 < 0x7F && ($0 >= 0x20 || $0 == 0x0A || $0 == 0x09) }
            && unix.split(separator: 0x0A, omittingEmptySubsequences: false).allSatisfy { $0.count <= 76 }
        lines.header("Content-Transfer-Encoding", isPlain ? "7bit" : "base64")
        lines.line("")
        if isPlain {
            for line in unix.split(separator: 0x0A, omittingEmptySubsequences: false) { lines.line(String(decoding: line, as: UTF8.self)) }
        } else {
            lines.base64(Array(String(decoding: unix, as: UTF8.self).replacing("\n", with: "\r\n").utf8))
        }
    }

    // MARK: Header texts

    /// A text for a header: as it is where it is plain ASCII, else as encoded words of at most 75 characters (RFC 2047).
    static func words(_ text: String, after column: Int) -> String {
        let clean = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
        // "=?" would be read as an encoded word.
        if clean.utf8.allSatisfy({ $0 < 0x7F }), !clean.contains("=?"), clean.utf8.count + column <= 76 { return clean }
        return encodedWords(clean)
    }

    static func encodedWords(_ clean: String) -> String {
        var words: [String] = []
        var chunk: [UInt8] = []
        for scalar in clean.unicodeScalars {
            let bytes = Array(String(Character(scalar)).utf8)
            // 45 bytes are 60 characters of base64, and 12 more around them.
            if chunk.count + bytes.count > 45 {
                words.append(word(chunk))
                chunk = []
            }
            chunk += bytes
        }
        if !chunk.isEmpty { words.append(word(chunk)) }
        return words.joined(separator: "\r\n ")
    }

    private static func word(_ bytes: [UInt8]) -> String { "=?utf-8?B?\(Base64.encode(bytes))?=" }

    /// A parameter of a MIME header, by RFC 2231 where it is not plain.
    static func parameter(_ name: String, _ value: String) -> String {
        let clean = value.unicodeScalars.map { $0.value < 0x20 || $0 == "/" || $0 == "\\" ? "_" : String(Character($0)) }.joined()
        let isPlain = clean.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") } && clean.utf8.count <= 60
        if isPlain { return "\(name)=\"\(clean)\"" }
        let encoded = clean.utf8.prefix(200).map { byte -> String in
            let isSafe = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E
            return isSafe ? String(UnicodeScalar(byte)) : "%" + Hex.encode([byte]).uppercased()
        }
        return "\(name)*=utf-8''\(encoded.joined())"
    }

    static func isType(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && text.utf8.count <= 100 && parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E }
        }
    }

    /// `Mon, 05 Jan 2026 09:30:00 +0000`
    static func date(_ instant: Instant) -> String {
        let local = TimeZone.utc.local(instant)
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[local.date.weekday.rawValue - 1]), \(two(local.date.day)) \(months[local.date.month - 1]) \(local.date.year) "
            + "\(two(local.hour)):\(two(local.minute)):\(two(local.second)) +0000"
    }

    private struct Lines {
        var bytes: [UInt8] = []

        mutating func line(_ text: String) {
            bytes += Array(text.utf8)
            bytes += [0x0D, 0x0A]
        }

        mutating func header(_ name: String, _ value: String) { line("\(name): \(value)") }

        mutating func base64(_ data: [UInt8]) {
            var at = 0
            while at < data.count {
                line(Base64.encode(Array(data[at..<min(at + 57, data.count)])))
                at += 57
            }
        }
    }
}

/// `ada@example.com`, or with a name: `Ada Min <ada@example.com>`.
package struct MailAddress: Sendable, Equatable {
    package let name: String
    package let address: String

    package var domain: String { String(address.split(separator: "@").last ?? "localhost") }

    /// - Throws: 422 `mail.address_invalid`.
    package init(_ text: String) throws(Problem) {
        var address = Substring(text)
        var name = ""
        if text.hasSuffix(">"), let open = text.lastIndex(of: "<") {
            name = text[..<open].split(separator: " ").joined(separator: " ")
            if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") { name = String(name.dropFirst().dropLast()) }
            address = text[text.index(after: open)...].dropLast()
        }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        let isFine = parts.count == 2 && !parts[0].isEmpty && parts[1].utf8.contains(where: { $0 != UInt8(ascii: ".") }) && address.utf8.count <= 254
            && address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>()[]\\,;:\"".utf8.contains($0) }
            && !name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
        guard isFine else {
            throw Problem(422, "mail.address_invalid", "“\(text.prefix(100))” is no mail address such as ada@example.com or Ada <ada@example.com>.", field: "to")
        }
        self.name = name
        self.address = String(address)
    }

    var header: String {
        if name.isEmpty { return "<\(address)>" }
        let isPlain = name.utf8.allSatisfy { $0 == 0x20 || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) }
        if isPlain, name.utf8.count <= 40 { return "\(name) <\(address)>" }
        // Always encoded, so that commas and quotes in a name are no syntax.
        return "\(MailMessage.encodedWords(name))\r\n <\(address)>"
    }
}
