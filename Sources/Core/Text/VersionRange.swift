/// Which versions are good enough: `>=1.8 <3`, `^2.1`, `~1.2`, `1.2`, `*`, alternatives with `||`.
///
/// `^2.1` is at least 2.1.0 and below 3.0.0 (below 0.3.0 for `^0.2.1`); `~1.2` is any 1.2; `1.2` and
/// `=1.2` are any 1.2 as well. A pre-release is admitted only where a bound names a pre-release of the
/// same three numbers.
package struct VersionRange: Sendable, Hashable {
    private struct Bound: Sendable, Hashable {
        enum Relation: Sendable, Hashable { case atLeast, above, below, atMost }
        let relation: Relation
        let version: SemanticVersion

        func admits(_ candidate: SemanticVersion) -> Bool {
            switch relation {
            case .atLeast: candidate >= version
            case .above: candidate > version
            case .below: candidate < version
            case .atMost: candidate <= version
            }
        }
    }

    /// As it was written.
    package let text: String
    private let alternatives: [[Bound]]

    /// - Throws: `VersionError.invalidRange`.
    package init(_ text: String) throws(VersionError) {
        var alternatives: [[Bound]] = []
        var rest = text[...]
        while true {
            let end = rest.firstRange(of: "||")
            guard let bounds = Self.bounds(end.map { rest[..<$0.lowerBound] } ?? rest) else {
                throw .invalidRange(text)
            }
            alternatives.append(bounds)
            guard let end else { break }
            rest = rest[end.upperBound...]
        }
        self.text = text
        self.alternatives = alternatives
    }

    package func contains(_ version: SemanticVersion) -> Bool {
        alternatives.contains { bounds in
            bounds.allSatisfy { $0.admits(version) }
                && (version.prerelease.isEmpty
                    || bounds.contains { !$0.version.prerelease.isEmpty && $0.version.core == version.core })
        }
    }

    private static func bounds(_ text: Substring) -> [Bound]? {
        let words = text.split(separator: " ")
        guard !words.isEmpty else { return nil }
        var bounds: [Bound] = []
        for word in words {
            if word == "*" { continue }
            let operation = word.prefix { "<>=^~".contains($0) }
            guard let version = PartialVersion(word.dropFirst(operation.count)),
                let pair = Self.bounds(operation, version)
            else { return nil }
            bounds += pair
        }
        return bounds
    }

    private static func bounds(_ operation: Substring, _ version: PartialVersion) -> [Bound]? {
        let least = Bound(relation: .atLeast, version: version.least)
        let minor = version.minor ?? 0
        let nextMajor = SemanticVersion(version.major + 1, 0, 0)
        let nextMinor = SemanticVersion(version.major, minor + 1, 0)
        // The first version past all that a partial one can mean.
        let past: SemanticVersion? = version.minor == nil ? nextMajor : version.patch == nil ? nextMinor : nil
        switch operation {
        case ">=": return [least]
        case "<": return [Bound(relation: .below, version: version.least)]
        case ">":
            return [past.map { Bound(relation: .atLeast, version: $0) } ?? Bound(relation: .above, version: version.least)]
        case "<=":
            return [past.map { Bound(relation: .below, version: $0) } ?? Bound(relation: .atMost, version: version.least)]
        case "", "=":
            return [least, past.map { Bound(relation: .below, version: $0) } ?? Bound(relation: .atMost, version: version.least)]
        case "~": return [least, Bound(relation: .below, version: version.minor == nil ? nextMajor : nextMinor)]
        case "^":
            let end: SemanticVersion
            if version.major > 0 || version.minor == nil {
                end = nextMajor
            } else if minor > 0 || version.patch == nil {
                end = nextMinor
            } else {
                end = SemanticVersion(0, 0, (version.patch ?? 0) + 1)
            }
            return [least, Bound(relation: .below, version: end)]
        default: return nil
        }
    }
}

extension VersionRange: CustomStringConvertible {
    package var description: String { text }
}
