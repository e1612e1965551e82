import Core

/// What the system knows about a tenant without opening its database.
package struct TenantFacts: Sendable, Equatable {
    package enum Status: String, Sendable, CaseIterable {
        case active
        case inactive
    }

    package let id: Int64
    package var name: String
    /// The main host name, lower-case, without port.
    package var domain: String
    package var status: Status
    package var subscriptionTier: String
    /// Set for life: every amount in the books is in it.
    package let currency: Currency
    /// ISO 3166-1 alpha-2.
    package var country: String
    package var timeZone: TimeZone
    /// BCP 47: `en-GH`.
    package var locale: String
    package let createdAt: Instant
    package var inactiveSince: Instant?
    /// Until when an inactive tenant may still be read by those who hold `tenant.export`.
    package var exportUntil: Instant?
    /// Nobody's business, but a place to try things out; set for life.
    package let isSandbox: Bool

    package var value: Value {
        [
            "id": .int(id), "name": .string(name), "domain": .string(domain), "status": .string(status.rawValue),
            "subscription_tier": .string(subscriptionTier), "currency": .string(currency.code),
            "country": .string(country), "time_zone": .string(timeZone.name), "locale": .string(locale),
            "created_at": .string(createdAt.description),
            "inactive_since": inactiveSince.map { .string($0.description) } ?? .null,
            "export_until": exportUntil.map { .string($0.description) } ?? .null,
            "sandbox": .bool(isSandbox),
        ]
    }
}
