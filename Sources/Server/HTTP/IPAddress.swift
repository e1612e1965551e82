import Glibc

/// Addresses as text.
enum IPAddress {
    /// Whether the system takes it for an IPv4 or IPv6 address, without a port or brackets.
    static func isNumeric(_ text: String) -> Bool {
        var room = in6_addr()
        return inet_pton(AF_INET, text, &room) == 1 || inet_pton(AF_INET6, text, &room) == 1
    }
}
