import Core

/// Where tenants may reach from this machine: the public internet, and what the operator allows beside it. What a name
/// stands for is looked at when it is connected to, so that no name leads inside.
package struct OutboundPolicy: Sendable {
    /// Private ranges that the operator opened.
    package var allowed: [AddressRange]
    /// PEM file with the certificates to trust; nil for the system's.
    package var certificatesPath: String?

    package init(allowed: [AddressRange] = [], certificatesPath: String? = nil) {
        self.allowed = allowed
        self.certificatesPath = certificatesPath
    }

    /// Source: the IANA special-purpose address registries (RFC 6890).
    private static let closed: [AddressRange] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128",
        "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8",
    ].compactMap { try? AddressRange($0) }

    /// - Parameter address: as text, a zone such as `%eth0` is left out of account.
    package func allows(_ address: String) -> Bool {
        let bare = String(address.prefix { $0 != "%" })
        if allowed.contains(where: { $0.contains(bare) }) { return true }
        return Self.everything.contains { $0.contains(bare) } && !Self.closed.contains { $0.contains(bare) }
    }

    /// For what the operator set up: any address.
    var everywhere: OutboundPolicy {
        var policy = self
        policy.allowed = Self.everything
        return policy
    }

    /// What is no address is nowhere.
    private static let everything = ["0.0.0.0/0", "::/0"].compactMap { try? AddressRange($0) }
}
