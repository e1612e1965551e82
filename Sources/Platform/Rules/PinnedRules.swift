import Core
import Storage
import Synchronization

/// Rule sets of former versions, kept at hand for the records that were made under them.
final class PinnedRules: Sendable {
    private static let most = 256
    private let sets = Mutex<[String: RuleSet]>([:])

    func set(_ reference: String, load: () throws -> RuleSet) rethrows -> RuleSet {
        if let found = sets.withLock({ $0[reference] }) { return found }
        let loaded = try load()
        sets.withLock { sets in
            if sets.count >= Self.most { sets.removeAll() }
            sets[reference] = loaded
        }
        return loaded
    }
}

extension RunScope {
    /// The rule set of one version of a file, whatever is in force now.
    ///
    /// - Parameter reference: as `RuleSet.reference` tells it: `Rules/tax/gh-standard.lua@3`.
    /// - Throws: 422 `rules.none` where this version was never published here or is of another contract, 422
    ///   `rules.outdated` where the contract of today cannot read it any more.
    func ruleSet(_ contract: String, at reference: String) throws -> RuleSet {
        guard let (path, version) = Self.parts(of: reference) else {
            throw Problem(422, "rules.none", "“\(reference.prefix(200))” is no version of a rule set; one looks like “Rules/tax/gh-standard.lua@3”.")
        }
        let set = try revision.files[path] == version
            ? revision.ruleSets[contract]?.values.first { $0.path == path }
            : revision.pinned.set(reference) { try load(path, version) }
        guard let set, set.contract.id == contract else {
            throw Problem(422, "rules.none", "\(reference) is no rule set of the contract \(contract).")
        }
        return set
    }

    private func load(_ path: String, _ version: Int64) throws -> RuleSet {
        let library = RevisionLibrary(database)
        do {
            return RuleSet(path: path, version: version, content: try library.content(path, version: version, revision.plugins))
        } catch let problem as Problem where problem.code == "script.version_unknown" {
            throw Problem(422, "rules.none", "\(path) has no version \(version) here.")
        } catch let error as DeclarationError {
            throw Problem(422, "rules.outdated", "\(path)@\(version) does not fulfil its contract of today: \(error.problem.detail)")
        }
    }

    private static func parts(of reference: String) -> (path: String, version: Int64)? {
        guard let at = reference.lastIndex(of: "@"), let version = Int64(reference[reference.index(after: at)...]), version > 0 else { return nil }
        return (String(reference[..<at]), version)
    }
}
