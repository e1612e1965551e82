import Core

/// A figure of a business that its operator's monitoring reads: a column of a report, row by row under labels.
///
/// `metrics = { { name = "active", kind = "gauge", value = "active", labels = { "branch" } } }` in a report that takes no parameter.
package struct MetricDeclaration: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case gauge
        case counter
    }

    /// `layby_active`: the plugin's name before its own.
    package let name: String
    package let help: String
    package let kind: Kind
    /// Columns of the report.
    let value: FieldDeclaration
    let labels: [FieldDeclaration]

    static let mostMetrics = 20
    private static let values: Set<FieldDeclaration.Kind> = [.integer, .decimal, .percent, .money]
    private static let labelKinds: Set<FieldDeclaration.Kind> = [.text, .enum, .ref, .integer, .date, .boolean]

    /// - Parameter place: `metrics[1]`, for faults.
    init(_ value: Value, plugin: String, file: String, place: String, title: String, columns: [FieldDeclaration]) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file, place: place)
        let own = try declaration.requiredText("name")
        guard FieldDeclaration.isName(own) else { throw declaration.wrong("name", "must be in small letters, digits and underscores") }
        name = plugin.replacing("-", with: "_") + "_" + own
        help = try declaration.text("help") ?? title
        guard let kind = Kind(rawValue: try declaration.text("kind") ?? "gauge") else { throw declaration.wrong("kind", "must be gauge or counter") }
        self.kind = kind
        let valueName = try declaration.requiredText("value")
        guard let column = columns.first(where: { $0.name == valueName }), Self.values.contains(column.kind) else {
            throw declaration.wrong("value", "must name a column that is a number or money, not “\(valueName)”")
        }
        self.value = column
        var labels: [FieldDeclaration] = []
        for label in try declaration.texts("labels") {
            guard let column = columns.first(where: { $0.name == label }), Self.labelKinds.contains(column.kind), label != valueName else {
                throw declaration.wrong("labels", "must name columns that tell rows apart, not “\(label)”")
            }
            guard !["tenant", "tenant_id", "currency"].contains(label), !labels.contains(where: { $0.name == label }) else {
                throw declaration.wrong("labels", "name “\(label)”, which is there already")
            }
            labels.append(column)
        }
        self.labels = labels
        try declaration.finish()
    }
}

/// What a metric of a plugin reads at one tenant.
package struct MetricReading: Sendable {
    package let metric: MetricDeclaration
    /// Label values by name, and the number as text.
    package let samples: [(labels: [(String, String)], value: String)]

    /// Rows of one metric at one tenant; more are left out.
    package static let mostSamples = 200

    /// All metrics of a tenant, as of now.
    /// - Parameter failed: gets the reports that could not be read.
    package static func read(
        _ tenant: Tenant, _ revision: Revision, _ reports: ReportCache, now: Instant, failed: (_ report: String, _ error: any Error) -> Void
    ) -> [MetricReading] {
        revision.plugins.reports.values.filter { !$0.declaration.metrics.isEmpty }.sorted { $0.declaration.id < $1.declaration.id }
            .flatMap { report -> [MetricReading] in
                do {
                    let run = try ReportRun(report, tenant, branches: nil, now: now, names: []) { _ in nil }
                    let answer = try tenant.store.read(isUse: false) { db in try ReportAnswer.of(run, tenant, db, cache: reports, now: now) }
                    let limits = JSONLimits(depth: 4, nodes: ReportRun.mostItems * (ReportDeclaration.mostColumns + 1))
                    let rows = try JSON.parse(answer.items, limits: limits).items ?? []
                    return report.declaration.metrics.map { metric in
                        MetricReading(metric: metric, samples: rows.prefix(mostSamples).compactMap { sample(metric, $0, tenant.currency) })
                    }
                } catch {
                    failed(report.declaration.id, error)
                    return []
                }
            }
    }

    /// A row without a number is none.
    private static func sample(_ metric: MetricDeclaration, _ row: Value, _ currency: Currency) -> (labels: [(String, String)], value: String)? {
        let number: String
        switch (metric.value.kind, row[metric.value.jsonName] ?? .null) {
        case (.money, .int(let minor)): number = Money(minor: minor, currency).amountText
        case (_, .int(let value)): number = String(value)
        case (_, .string(let text)): number = text
        default: return nil
        }
        var labels = metric.labels.map { field -> (String, String) in
            switch row[field.jsonName] ?? .null {
            case .string(let text): (field.name, text)
            case .int(let value): (field.name, String(value))
            case .bool(let value): (field.name, value ? "true" : "false")
            default: (field.name, "")
            }
        }
        if metric.value.kind == .money { labels.append(("currency", currency.code)) }
        return (labels, number)
    }
}
