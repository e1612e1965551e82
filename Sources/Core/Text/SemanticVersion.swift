/// Why a version or a range could not be read.
package enum VersionError: Error, Sendable, Equatable {
    case invalidVersion(String)
    case invalidRange(String)
}

extension VersionError: ProblemConvertible {
    package var code: String {
        switch self {
        case .invalidVersion: "version.invalid_version"
        case .invalidRange: "version.invalid_range"
        }
    }

    package var problem: Problem {
        switch self {
        case .invalidVersion(let text):
            Problem(422, code, "\"\(text.prefix(60))\" is not a version; write it like \"2.1.0\".")
        case .invalidRange(let text):
            Problem(422, code, "\"\(text.prefix(60))\" is not a version range; write it like \">=1.8 <3\", \"^2.1\" or \"~1.2\".")
        }
    }
}

/// A version as semver.org 2.0.0 has it. Build metadata is kept but never compared.
package struct SemanticVersion: Sendable {
    package let major: Int
    package let minor: Int
    package let patch: Int
    /// What follows the hyphen, split at the dots: `["beta", "2"]`.
    package let prerelease: [String]
    /// What follows the plus sign.
    package let build: String?

    package init(_ major: Int, _ minor: Int, _ patch: Int, prerelease: [String] = []) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
        build = nil
    }

    /// Reads "2.1.0", "2.1.0-beta.2", "2.1.0+2026".
    package init(_ text: String) throws(VersionError) {
        guard let parsed = PartialVersion(text[...]), let minor = parsed.minor, let patch = parsed.patch else {
            throw .invalidVersion(text)
        }
        major = parsed.major
        self.minor = minor
        self.patch = patch
        prerelease = parsed.prerelease
        build = parsed.build
    }

    var core: [Int] { [major, minor, patch] }
}

extension SemanticVersion: Comparable, Hashable {
    package static func == (left: SemanticVersion, right: SemanticVersion) -> Bool {
        left.core == right.core && left.prerelease == right.prerelease
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(core)
        hasher.combine(prerelease)
    }

    package static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        if left.core != right.core { return left.core.lexicographicallyPrecedes(right.core) }
        if left.prerelease.isEmpty || right.prerelease.isEmpty { return !left.prerelease.isEmpty && right.prerelease.isEmpty }
        for (one, other) in zip(left.prerelease, right.prerelease) where one != other {
            switch (Int(one), Int(other)) {
            case (let one?, let other?): return one < other
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): return one.utf8.lexicographicallyPrecedes(other.utf8)
            }
        }
        return left.prerelease.count < right.prerelease.count
    }
}

extension SemanticVersion: CustomStringConvertible {
    package var description: String {
        var text = "\(major).\(minor).\(patch)"
        if !prerelease.isEmpty { text += "-" + prerelease.joined(separator: ".") }
        if let build { text += "+\(build)" }
        return text
    }
}

/// A version whose minor and patch may be left out, as ranges allow.
struct PartialVersion {
    let major: Int
    let minor: Int?
    let patch: Int?
    let prerelease: [String]
    let build: String?

    init?(_ text: Substring) {
        var core = text
        var build: String?
        if let plus = core.firstIndex(of: "+") {
            let metadata = core[core.index(after: plus)...]
            guard Self.identifiers(metadata) != nil else { return nil }
            build = String(metadata)
            core = core[..<plus]
        }
        var prerelease: [String] = []
        if let hyphen = core.firstIndex(of: "-") {
            guard let identifiers = Self.identifiers(core[core.index(after: hyphen)...]),
                !identifiers.contains(where: { $0.count > 1 && $0.hasPrefix("0") && Self.isNumber($0[...]) })
            else { return nil }
            prerelease = identifiers
            core = core[..<hyphen]
        }
        var numbers: [Int] = []
        for part in core.split(separator: ".", omittingEmptySubsequences: false) {
            guard Self.isNumber(part), part.count <= 9, part.count == 1 || !part.hasPrefix("0"), let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        guard (1...3).contains(numbers.count), numbers.count == 3 || (prerelease.isEmpty && build == nil) else { return nil }
        major = numbers[0]
        minor = numbers.count > 1 ? numbers[1] : nil
        patch = numbers.count > 2 ? numbers[2] : nil
        self.prerelease = prerelease
        self.build = build
    }

    /// The least version that it can mean.
    var least: SemanticVersion { SemanticVersion(major, minor ?? 0, patch ?? 0, prerelease: prerelease) }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func identifiers(_ text: Substring) -> [String]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let isValid = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == UInt8(ascii: "-")
                }
        }
        return isValid ? parts.map(String.init) : nil
    }
}
