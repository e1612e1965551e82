import Core
import Scripting

/// `report`: declared queries for scripts that read. Not on a lane, where their time would be everybody's.
enum ReportModule {
    static let functions: [HostFunction] = [
        HostFunction("report", "run", PhaseSet(.read, .fetch), "the rows of a report") { run, arguments in
            let scope = run.scope
            let id = try arguments.text(0)
            guard let report = scope.revision.plugins.reports[id] else { throw arguments.wrong(0, "is “\(id)”, which is no report here") }
            let declaration = report.declaration
            if declaration.plugin != run.package?.name { try run.requireRight(declaration.permission, toRun: id) }
            let given = try arguments.optionalObject(1)
            let reading = try ReportRun(
                report, scope.tenant, branches: scope.principal.branchIDs, now: scope.now,
                names: given.map { key, _ in declaration.parameters.first { $0.name == key }?.jsonName ?? key }
            ) { field in given[field.name] }
            let answer = try ReportAnswer.of(reading, scope.tenant, scope.database, cache: scope.reports, now: scope.now)
            let items = try JSON.parse(answer.items, limits: JSONLimits(depth: 4, nodes: ReportRun.mostItems * (ReportDeclaration.mostColumns + 1)))
            try scope.countRead(rows: items.items?.count ?? 0)
            return [
                "items": .array((items.items ?? []).map { typed($0, declaration.columns, reading.currency) }),
                "computed_at": .string(answer.computedAt.description), "cached": .bool(answer.isCached),
            ]
        }
    ]

    /// A row as scripts see it: amounts are money, decimals are decimals.
    private static func typed(_ row: Value, _ columns: [FieldDeclaration], _ currency: Currency) -> Value {
        var object = Object()
        for column in columns {
            let value = row[column.jsonName] ?? .null
            object[column.name] =
                switch (column.kind, value) {
                case (.money, .int(let minor)): .money(Money(minor: minor, currency))
                case (.decimal, .string(let text)), (.percent, .string(let text)): (try? Decimal(text)).map(Value.decimal) ?? value
                default: value
                }
        }
        return .object(object)
    }
}

extension HostRun {
    /// - Throws: 403 `script.right` unless the user holds the report's permission, or the plugin is given it by `elevate`.
    fileprivate func requireRight(_ permission: String, toRun report: String) throws {
        guard let package, !isTrusted, !scope.principal.may(permission), !package.manifest.elevated.contains(permission) else { return }
        throw Problem(
            403, "script.right",
            "report.run: \(report) takes \(permission), which \(scope.principal.username) does not hold. Grant it, or name it in capabilities.elevate of \(package.name).",
            extra: [("permission", .string(permission))])
    }
}
