import Core

/// A list of reports that are looked at together: `dashboards/<name>.lua`.
package final class DashboardDeclaration: Sendable {
    package struct Tile: Sendable {
        /// `pos.sales_by_day`
        package let report: String
        package let title: String?
        /// What the report is asked with; what is not here is the report's own default.
        package let parameters: Object
    }

    /// `pos.today`
    package let id: String
    package let file: String
    package let title: String
    package let tiles: [Tile]

    package init(_ value: Value, plugin: String, file: String) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        self.file = file
        let name = try declaration.requiredText("id")
        guard FieldDeclaration.isName(name) else { throw declaration.wrong("id", "must be in small letters, digits and underscores") }
        id = "\(plugin).\(name)"
        title = try declaration.requiredText("title")
        var tiles: [Tile] = []
        for (index, item) in try declaration.list("reports").enumerated() {
            let tile = try Declaration(item.keyed, file: file, place: "reports[\(index + 1)]")
            guard case .string(let report)? = tile.value("1") else {
                throw tile.wrong("", "must begin with a report, such as { \"\(plugin).sales_by_day\" }")
            }
            let parameters = try tile.table("params")
            var values = Object()
            for name in parameters?.names ?? [] {
                switch parameters?.value(name) {
                case .string(let text)?: values[name] = .string(text)
                case .int(let number)?: values[name] = .int(number)
                case .bool(let flag)?: values[name] = .bool(flag)
                default: throw tile.wrong("params.\(name)", "must be text, an integer, true or false")
                }
            }
            tiles.append(Tile(report: report, title: try tile.text("title"), parameters: values))
            try tile.finish()
        }
        guard (1...20).contains(tiles.count) else { throw declaration.wrong("reports", "must be 1 to 20") }
        self.tiles = tiles
        try declaration.finish()
    }

    /// - Throws: `DeclarationError` for a report that is not there, or a parameter that it does not take.
    func check(_ reports: [String: Report]) throws(DeclarationError) {
        for (index, tile) in tiles.enumerated() {
            guard let report = reports[tile.report]?.declaration else {
                throw DeclarationError(file: file, field: "reports[\(index + 1)]", message: "names \(tile.report), which is no report here")
            }
            for (name, _) in tile.parameters where !report.parameters.contains(where: { $0.jsonName == name }) {
                throw DeclarationError(
                    file: file, field: "reports[\(index + 1)].params.\(name)", message: "is not a parameter of \(tile.report)")
            }
        }
    }
}
