import Core

/// What an installation would do, told before it is done. The same plugin on the same state gives the same plan and digest.
package struct InstallationPlan: Sendable {
    package enum Action: String, Sendable {
        case install, upgrade, downgrade
        /// The same version with other files.
        case change
        case rollback
        /// It is there already.
        case unchanged
    }

    /// What somebody has to agree with.
    package enum Consent: String, Sendable, CaseIterable {
        /// To reach more than before.
        case capabilities
        /// A publisher's first key, or another than the one that is known.
        case publisherKey = "publisher_key"
        /// A draft that nobody vouches for.
        case unsigned
        /// To lose data, or to be unable to go back.
        case destructive
        case downgrade
        case changedVersion = "changed_version"
    }

    package let action: Action
    package let name: String
    package let version: String
    /// The consents that it takes.
    package let needs: [Consent]
    /// SHA-256 of `facts`, in hex: who agrees, agrees with this.
    package let digest: String
    package let facts: Object

    /// As the API answers it.
    package var value: Value {
        var object = facts
        object.append("digest", .string(digest))
        return .object(object)
    }

    init(action: Action, name: String, version: String, needs: [Consent], facts: Object) {
        self.action = action
        self.name = name
        self.version = version
        self.needs = needs
        var all: Object = ["action": .string(action.rawValue), "name": .string(name), "version": .string(version)]
        for (key, value) in facts { all.append(key, value) }
        all.append("consents", .array(needs.map { .string($0.rawValue) }))
        self.facts = all
        digest = Digest.hex(Digest.sha256(JSON.serialize(.object(all))))
    }

    /// - Throws: 409 `plugin.consent_needed` naming what nobody agreed with.
    func require(_ given: Set<Consent>) throws(Problem) {
        let missing = needs.filter { !given.contains($0) }
        guard missing.isEmpty else {
            throw Problem(
                409, "plugin.consent_needed",
                "\(name) \(version) needs consent: \(missing.map(\.rawValue).joined(separator: ", ")). Read the plan and name them in consents.",
                extra: [("consents", .array(missing.map { .string($0.rawValue) }))])
        }
    }
}

/// What a plugin may reach, as lines that one can compare: `record.write catalog.product`.
struct CapabilityList: Sendable {
    struct Entry: Sendable, Hashable {
        /// `record.write`, `ledger.post`, `http`.
        let name: String
        let value: String

        /// More than every job has takes consent.
        var isUsual: Bool { name.hasPrefix(CapabilityList.budget) && (Int(value) ?? 0) <= JobDeclaration.usualSlices }
    }

    fileprivate static let budget = "budget.job:"

    let entries: [Entry]

    init(_ manifest: Manifest?) {
        var entries: [Entry] = []
        func walk(_ value: Value, _ name: String) {
            switch value {
            case .object(let object): for (key, inner) in object { walk(inner, name.isEmpty ? key : "\(name).\(key)") }
            case .array(let items): for item in items { walk(item, name) }
            case .string(let text): entries.append(Entry(name: name, value: text))
            case .bool(true): entries.append(Entry(name: name, value: "*"))
            default: break
            }
        }
        walk(.object(manifest?.capabilities ?? Object()), "")
        for (job, count) in manifest?.slices ?? [] { entries.append(Entry(name: "\(Self.budget)\(job).slices", value: String(count))) }
        self.entries = entries
    }

    /// Whether it held an entry already: word for word, under a `*`, or as much of a budget.
    func covers(_ entry: Entry) -> Bool {
        entries.contains { own in
            if own.name == entry.name, entry.name.hasPrefix(Self.budget) { return (Int(own.value) ?? 0) >= (Int(entry.value) ?? 0) }
            return own.name == entry.name && (own.value == entry.value || own.value.hasSuffix("*") && entry.value.hasPrefix(own.value.dropLast()))
        }
    }
}
