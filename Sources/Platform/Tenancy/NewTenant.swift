import Core
import Storage

/// What a new tenant needs.
package struct NewTenant: Sendable {
    package var name: String
    /// The main host name.
    package var domain: String
    /// Further host names.
    package var aliases: [String]
    package var status: TenantFacts.Status
    package var subscriptionTier: String
    /// ISO 4217.
    package var currency: String
    /// ISO 3166-1 alpha-2.
    package var country: String
    /// IANA, such as `Africa/Accra`.
    package var timeZone: String
    /// BCP 47; `en-` and the country when nil.
    package var locale: String?
    /// Whether it is a place to try things out, for life.
    package var isSandbox: Bool
    /// The first administrator.
    package var administrator: NewUser?

    package init(
        name: String, domain: String, aliases: [String] = [], status: TenantFacts.Status = .active,
        subscriptionTier: String = "standard", currency: String, country: String, timeZone: String, locale: String? = nil,
        isSandbox: Bool = false, administrator: NewUser? = nil
    ) {
        self.name = name
        self.domain = domain
        self.aliases = aliases
        self.status = status
        self.subscriptionTier = subscriptionTier
        self.currency = currency
        self.country = country
        self.timeZone = timeZone
        self.locale = locale
        self.isSandbox = isSandbox
        self.administrator = administrator
    }

    /// - Throws: 422 `tenant.*_invalid`.
    func facts(id: Int64, now: Instant) throws -> (facts: TenantFacts, hosts: [String]) {
        let hosts = try TenantFacts.hosts(domain: domain, aliases: aliases)
        guard let currency = try? Currency(currency) else {
            throw Problem(
                422, "tenant.currency_invalid", "“\(self.currency.prefix(20))” is not an ISO 4217 currency.", field: "currency")
        }
        let facts = TenantFacts(
            id: id, name: try TenantFacts.checked(name: name), domain: hosts[0], status: status,
            subscriptionTier: try TenantFacts.checked(tier: subscriptionTier), currency: currency,
            country: try TenantFacts.checked(country: country), timeZone: try TenantFacts.zone(timeZone),
            locale: locale ?? "en-\(country)", createdAt: now, inactiveSince: nil, exportUntil: nil, isSandbox: isSandbox)
        return (facts, hosts)
    }
}

extension TenantFacts {
    static func checked(name: String) throws -> String {
        guard (1...200).contains(name.unicodeScalars.count) else {
            throw Problem(422, "tenant.name_invalid", "A name has 1 to 200 characters.", field: "name")
        }
        return name
    }

    static func checked(tier: String) throws -> String {
        guard (1...40).contains(tier.utf8.count) else {
            throw Problem(
                422, "tenant.subscription_tier_invalid", "A tier has 1 to 40 characters.", field: "subscription_tier")
        }
        return tier
    }

    static func checked(country: String) throws -> String {
        guard country.utf8.count == 2, country.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw Problem(
                422, "tenant.country_invalid", "A country is two capital letters (ISO 3166-1), such as GH.", field: "country")
        }
        return country
    }

    static func zone(_ name: String) throws -> TimeZone {
        guard let zone = try? TimeZone(name) else {
            throw Problem(
                422, "tenant.time_zone_invalid", "“\(name.prefix(60))” is not a time zone such as Africa/Accra.",
                field: "time_zone")
        }
        return zone
    }

    /// All host names of a tenant, the main one first.
    static func hosts(domain: String, aliases: [String]) throws -> [String] {
        var hosts: [String] = []
        for name in [domain] + aliases {
            let host = name.lowercased()
            let labels = host.split(separator: ".", omittingEmptySubsequences: false)
            let isFine = (1...253).contains(host.utf8.count) && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
            }
            guard isFine else {
                throw Problem(
                    422, "tenant.domain_invalid", "“\(name.prefix(80))” is not a host name such as acme.example.",
                    field: "domain")
            }
            if !hosts.contains(host) { hosts.append(host) }
        }
        return hosts
    }
}
