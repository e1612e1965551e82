import Core
import Storage

/// Which tax profile serves a tenant whose country has several.
///
/// The setting `tax_profile`, of the tenant or of a branch, names it by its id. Without the setting a country has one profile:
/// a second one is not put in force.
enum TaxProfileChoice {
    static let setting = "tax_profile"

    /// The profile for documents of a branch (nil: of the tenant).
    /// - Throws: 422 `tax.no_profile`, `tax.profile_ambiguous` or `tax.profile_unknown`.
    static func profile(_ revision: Revision, country: String, branch: Int64?, _ db: Connection) throws -> RuleSet {
        let profiles = revision.taxProfiles(country: country)
        guard let first = profiles.first else {
            throw Problem(422, "tax.no_profile", "There is no tax profile for the country \(country) in force.")
        }
        if profiles.count == 1 { return first }
        guard let chosen = try Settings.resolve(db, setting, branch: branch)?.string else {
            throw Problem(422, "tax.profile_ambiguous", ambiguity(profiles, country))
        }
        guard let profile = profiles.first(where: { $0.key == chosen }) else {
            throw Problem(
                422, "tax.profile_unknown",
                "The setting \(setting) names “\(chosen)”, which is no tax profile for \(country) in force; there are \(names(profiles)).")
        }
        return profile
    }

    /// Refuses a revision in which it is open which profile serves.
    /// - Parameter changed: the file that is about to be put in force, to be named; nil for whichever is second.
    static func check(_ revision: Revision, country: String, changed path: String? = nil, source: String = "", _ db: Connection) throws {
        let profiles = revision.taxProfiles(country: country)
        guard profiles.count > 1, let culprit = profiles.first(where: { $0.path == path }) ?? profiles.last else { return }
        if let chosen = try Settings.get(db, .tenant, setting)?.string, profiles.contains(where: { $0.key == chosen }) { return }
        throw DeclarationError(
            file: culprit.path, field: "country", message: "is \(country): \(ambiguity(profiles, country))",
            line: LuaPlaces(source).line(of: "country"))
    }

    private static func ambiguity(_ profiles: [RuleSet], _ country: String) -> String {
        "for \(country) there are the tax profiles \(names(profiles)); set \(setting) to the one that serves"
    }

    private static func names(_ profiles: [RuleSet]) -> String {
        profiles.map { "“\($0.key)”" }.joined(separator: ", ")
    }
}
