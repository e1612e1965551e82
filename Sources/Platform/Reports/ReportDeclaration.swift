import Core

/// A read-only query with typed parameters and columns: `reports/<name>.lua`, the only place of a plugin that holds SQL.
package final class ReportDeclaration: Sendable {
    /// `pos.sales_by_day`
    package let id: String
    package let plugin: String
    package let file: String
    package let title: String
    package let summary: String
    package let permission: String
    package let parameters: [FieldDeclaration]
    /// In the order of the SELECT.
    package let columns: [FieldDeclaration]
    /// For how long an answer is kept where nothing that it reads is written meanwhile; 0 for never.
    package let cacheSeconds: Int64
    /// How to draw it: `{ kind = "bar", x = "day", y = { "total" } }`.
    package let chart: Value
    /// What monitoring reads off it.
    package let metrics: [MetricDeclaration]
    let text: ReportText

    /// What a report knows without being told: the business date, and the code of the tenant's currency, which all its amounts
    /// are in.
    static let today = ":today"
    static let currency = ":currency"
    private static let kinds: Set<FieldDeclaration.Kind> = [
        .text, .integer, .decimal, .money, .percent, .date, .instant, .boolean, .enum, .ref,
    ]
    static let mostColumns = 50

    package init(_ value: Value, plugin: String, file: String) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        self.plugin = plugin
        self.file = file
        let name = try declaration.requiredText("id")
        guard FieldDeclaration.isName(name) else { throw declaration.wrong("id", "must be in small letters, digits and underscores") }
        id = "\(plugin).\(name)"
        title = try declaration.requiredText("title")
        summary = try declaration.text("description") ?? ""
        permission = try declaration.requiredText("permission")
        parameters = try FieldDeclaration.list(declaration, "params")
        columns = try FieldDeclaration.list(declaration, "columns")
        for (member, fields) in [("params", parameters), ("columns", columns)] {
            for field in fields where !Self.kinds.contains(field.kind) {
                throw declaration.wrong(member, "(\(field.name)) is a \(field.kind.rawValue), which a report does not have")
            }
        }
        for field in parameters where ["format", "today", "currency"].contains(field.name) {
            throw declaration.wrong("params", "declare “\(field.name)”, which every report has already")
        }
        guard (1...Self.mostColumns).contains(columns.count) else {
            throw declaration.wrong("columns", "must be 1 to \(Self.mostColumns), in the order of the SELECT")
        }
        cacheSeconds = try declaration.integer("cache") ?? 0
        guard (0...86_400).contains(cacheSeconds) else { throw declaration.wrong("cache", "must be from 0 to 86400 seconds") }
        chart = try Self.chart(declaration, columns)
        metrics = try Self.metrics(declaration, plugin: plugin, title: title, parameters, columns)
        do throws(ReportTextError) {
            text = try ReportText(try Self.sql(declaration))
        } catch {
            throw declaration.wrong("sql", error.message)
        }
        let known = Set(parameters.map { ":" + $0.name } + [Self.today, Self.currency])
        for name in text.parameters.sorted() where !known.contains(name) {
            throw declaration.wrong("sql", "takes \(name), which params does not declare")
        }
        for field in parameters where !text.parameters.contains(":" + field.name) {
            throw declaration.wrong("params", "declare “\(field.name)”, which the SELECT does not take")
        }
        try declaration.finish()
    }

    private static func sql(_ declaration: Declaration) throws(ReportTextError) -> String {
        guard case .string(let text)? = declaration.value("sql") else { throw ReportTextError("is missing") }
        return text
    }

    private static func metrics(
        _ declaration: Declaration, plugin: String, title: String, _ parameters: [FieldDeclaration], _ columns: [FieldDeclaration]
    ) throws(DeclarationError) -> [MetricDeclaration] {
        let list = try declaration.list("metrics")
        guard list.count <= MetricDeclaration.mostMetrics else {
            throw declaration.wrong("metrics", "are more than \(MetricDeclaration.mostMetrics)")
        }
        if !list.isEmpty, parameters.contains(where: { $0.required && $0.fallback == nil }) {
            throw declaration.wrong("metrics", "are of reports that ask for nothing: params must not be required")
        }
        var metrics: [MetricDeclaration] = []
        for (index, item) in list.enumerated() {
            let metric = try MetricDeclaration(
                item, plugin: plugin, file: declaration.file, place: declaration.path("metrics[\(index + 1)]"), title: title, columns: columns)
            if metrics.contains(where: { $0.name == metric.name }) { throw declaration.wrong("metrics", "name “\(metric.name)” twice") }
            metrics.append(metric)
        }
        return metrics
    }

    private static func chart(_ declaration: Declaration, _ columns: [FieldDeclaration]) throws(DeclarationError) -> Value {
        guard let chart = try declaration.table("chart") else { return .null }
        let kind = try chart.requiredText("kind")
        guard ["bar", "line", "pie", "number"].contains(kind) else { throw chart.wrong("kind", "must be bar, line, pie or number") }
        let x = try chart.text("x")
        let y = try chart.texts("y")
        try chart.finish()
        for name in [x].compactMap(\.self) + y where !columns.contains(where: { $0.name == name }) {
            throw chart.wrong("", "names “\(name)”, which is not a column")
        }
        return ["kind": .string(kind), "x": x.map { .string($0) } ?? .null, "y": .array(y.map { .string($0) })]
    }
}
