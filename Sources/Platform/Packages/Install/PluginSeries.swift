import Core
import Ledger
import Storage

/// The number series that a plugin declares: made where they are missing, and printed in another way where a version says so.
struct PluginSeries {
    private struct Declared {
        let name: String
        let format: String
        let reset: SeriesReset
        let isBranched: Bool
    }

    /// What an installation does to one series.
    struct Change {
        enum Kind: String {
            /// It is new here.
            case created
            /// A new segment goes on counting in the new format.
            case format
            /// Somebody here chose a format for it, which stays.
            case kept
        }

        let kind: Kind
        let series: String
        let format: String
        let former: String?

        var value: Value {
            [
                "series": .string(series), "change": .string(kind.rawValue), "format": .string(format),
                "former_format": former.map(Value.string) ?? .null,
            ]
        }
    }

    let package: PluginPackage
    /// The version that is here.
    let older: PluginPackage?
    let ledger: Ledger

    private static func declared(_ package: PluginPackage) throws(DeclarationError) -> [Declared] {
        var result: [Declared] = []
        for type in package.recordTypes {
            guard let number = type.number, let format = number.format else { continue }
            result.append(
                Declared(
                    name: number.series, format: format, reset: format.contains("{year}") ? .year : .never,
                    isBranched: format.contains("{branch}")))
        }
        for series in package.manifest.series {
            guard let reset = SeriesReset(rawValue: series.reset) else {
                throw DeclarationError(
                    file: "\(package.name)/plugin.lua", field: "series.\(series.name).reset", message: "must be never, year, month or day")
            }
            result.append(Declared(name: series.name, format: series.format, reset: reset, isBranched: series.perBranch))
        }
        return result
    }

    /// - Throws: 422 `plugin.series_change` where a series would start again at other times, or count by branches or not.
    func changes() throws -> [Change] {
        let there = try ledger.seriesList()
        let before = try older.map(Self.declared) ?? []
        var changes: [Change] = []
        for series in try Self.declared(package) {
            guard let known = there.first(where: { $0.name == series.name }) else {
                changes.append(Change(kind: .created, series: series.name, format: series.format, former: nil))
                continue
            }
            guard let former = before.first(where: { $0.name == series.name }) else { continue }
            guard former.reset == series.reset, former.isBranched == series.isBranched else {
                throw Problem(
                    422, "plugin.series_change",
                    "The series \(series.name) starts again \(Self.rhythm(former)), and \(package.name) \(package.manifest.version) has it start \(Self.rhythm(series)). Declare a series of another name.",
                    field: series.name)
            }
            guard former.format != series.format, known.format.text != series.format else { continue }
            let isOurs = known.format.text == former.format
            changes.append(Change(kind: isOurs ? .format : .kept, series: series.name, format: series.format, former: known.format.text))
        }
        return changes
    }

    private static func rhythm(_ series: Declared) -> String {
        (series.reset == .never ? "never" : "every \(series.reset.rawValue)") + (series.isBranched ? ", for each branch" : "")
    }

    func carryOut(_ changes: [Change], actor: LedgerActor) throws {
        let declared = try Self.declared(package)
        for change in changes {
            guard let series = declared.first(where: { $0.name == change.series }) else { continue }
            switch change.kind {
            case .created:
                _ = try ledger.defineSeries(
                    NewSeries(name: series.name, format: try NumberFormat(series.format), reset: series.reset, isBranched: series.isBranched),
                    actor: actor)
            case .format:
                try ledger.setFormat(
                    series: series.name, try NumberFormat(series.format), reason: "\(package.name) \(package.manifest.version)", actor: actor)
            case .kept: break
            }
        }
    }
}
