import Glibc

/// Addresses as text.
enum IPAddress {
    /// Whether the system takes it for an IPv4 or IPv6 address, without a port or brackets.
    static func isNumeric(_ text: String) -> Bool {
        var room = in6_addr()
        return inet_pton(AF_INET, text, &room) == 1 || inet_pton(AF_INET6, text, &room) == 1
    }

    /// What one caller has at least: an IPv4 address, or the 64 bits that an IPv6 network leaves its hosts to choose behind.
    /// Other text is returned as it is.
    static func network(of text: String) -> String {
        var address = in6_addr()
        guard text.utf8.contains(UInt8(ascii: ":")), inet_pton(AF_INET6, text, &address) == 1 else { return text }
        return withUnsafeBytes(of: &address) { bytes in
            // IPv4 in IPv6 clothes: ::ffff:a.b.c.d
            let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            if isMapped { return bytes[12..<16].map { String($0) }.joined(separator: ".") }
            return bytes[..<8].map { String($0, radix: 16) }.joined(separator: ":") + "/64"
        }
    }
}
