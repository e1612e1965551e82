import Core
import Glibc
import Storage

/// One network address, or a range of them: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    package let description: String
    /// 16 bytes; IPv4 as `::ffff:a.b.c.d`, so that both forms of one address are the same.
    private let bytes: [UInt8]
    /// 0...128
    private let bits: Int

    /// - Throws: 422 `security.address_invalid`.
    package init(_ text: String) throws(Problem) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let (bytes, isV4) = Self.parse(String(parts[0])) else { throw Self.invalid(text) }
        var bits = 128
        if parts.count == 2 {
            guard let length = Int(parts[1]), String(length) == parts[1], (0...(isV4 ? 32 : 128)).contains(length) else {
                throw Self.invalid(text)
            }
            bits = isV4 ? 96 + length : length
        }
        description = text
        self.bytes = bytes
        self.bits = bits
    }

    /// False for what is no address.
    package func contains(_ address: String) -> Bool {
        guard let (other, _) = Self.parse(address) else { return false }
        let whole = bits / 8
        guard bytes[..<whole] == other[..<whole] else { return false }
        let rest = bits % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return (bytes[whole] ^ other[whole]) & mask == 0
    }

    private static func parse(_ text: String) -> (bytes: [UInt8], isV4: Bool)? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            let tail = withUnsafeBytes(of: v4) { Array($0) }
            return ([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + tail, true)
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        return (withUnsafeBytes(of: v6) { Array($0) }, false)
    }

    private static func invalid(_ text: String) -> Problem {
        Problem(
            422, "security.address_invalid", "“\(text.prefix(60))” is no address or range such as 192.0.2.0/24 or 2001:db8::/32.")
    }
}

/// From where those who administer a tenant may do so.
package enum AdministrationAddresses {
    package static let settingKey = "security.admin_addresses"

    /// Who holds one of these administers: the list binds them in all that they do.
    package static let permissions: Set<String> = [
        PermissionCatalogue.everything, "users.edit", "roles.edit", "tokens.edit", "settings.edit", "scripts.publish",
    ]

    /// The ranges that bind somebody with these permissions; nil for none.
    static func binding(_ allowed: Set<String>, _ db: Connection) throws -> [AddressRange]? {
        guard !allowed.isDisjoint(with: permissions) else { return nil }
        let ranges = try list(db)
        return ranges.isEmpty ? nil : ranges
    }

    /// Empty while there is no list.
    package static func list(_ db: Connection) throws -> [AddressRange] {
        try Settings.get(db, .tenant, settingKey)?.array?.compactMap(\.string).map { try AddressRange($0) } ?? []
    }

    /// Replaces the list; an empty one lets everybody in. Announce it with `Tenant.identityWillChange()`.
    /// - Throws: 422 `security.address_invalid`; 409 `security.would_lock_out` when the caller's own address is not on it.
    package static func set(_ db: Connection, _ actor: ActingUser, _ texts: [String]) throws {
        var ranges: [AddressRange] = []
        for (place, text) in texts.enumerated() {
            do throws(Problem) {
                ranges.append(try AddressRange(text))
            } catch {
                throw error.at(field: "admin_addresses[\(place)]")
            }
        }
        guard ranges.isEmpty || isAllowed(actor.remoteAddress, ranges) else {
            throw Problem(
                409, "security.would_lock_out", "Your own address \(actor.remoteAddress) is not on this list: it would lock you out.",
                field: "admin_addresses")
        }
        try Settings.set(
            db, actor, .tenant, settingKey, ranges.isEmpty ? nil : .array(ranges.map { .string($0.description) }))
    }

    /// - Parameter address: empty for the local socket and scheduled work, which no list binds.
    static func isAllowed(_ address: String, _ ranges: [AddressRange]?) -> Bool {
        guard let ranges, !address.isEmpty else { return true }
        return ranges.contains { $0.contains(address) }
    }

    static let refused = Problem(
        403, "auth.address_not_allowed", "Administrators of this business may not come from this address.")
}
