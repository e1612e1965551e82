import Core
import Storage

/// One run of a report: reads, and hands out row after row.
struct ReportRun {
    /// Time inside the database; waiting for a slow reader is not in it.
    static let nanoseconds: UInt64 = 2_000_000_000
    static let mostRows = 100_000
    /// In one JSON answer, which lies in memory.
    static let mostItems = 10_000
    static let longestAnswer = 8 << 20
    private static let longestValue: Int32 = 512 << 10

    let report: Report
    let values: [(name: String, value: RecordColumn.Stored)]
    let branches: Set<Int64>?
    let currency: Currency

    private var declaration: ReportDeclaration { report.declaration }

    /// - Parameter row: gets each row's columns; what it takes itself does not count as the report's time.
    /// - Throws: 422 `report.time_exceeded`, `report.too_many_rows`, `report.failed`, `report.value_invalid`.
    func rows(_ db: Connection, most: Int = mostRows, _ row: (Statement) throws -> Void) throws {
        let budget = Budget()
        do {
            try db.limited(length: Self.longestValue, columns: Int32(ReportDeclaration.mostColumns * 2)) {
                try db.authorized(by: report.access.judge) {
                    try db.watched(every: 1_000, stop: { budget.isSpent }) {
                        let statement = try db.statement(SQL(report.access.sql(of: declaration, branches: branches)))
                        defer { statement.reset() }
                        for (name, value) in values {
                            guard let index = statement.parameter(name) else { continue }
                            switch value {
                            case .null: statement.bindNull(index)
                            case .int(let number): statement.bind(index, number)
                            case .bytes(let bytes): statement.bind(index, bytes)
                            case .text(let text): statement.bind(index, text)
                            }
                        }
                        var count = 0
                        while try statement.step() {
                            count += 1
                            guard count <= most else {
                                throw Problem(
                                    422, "report.too_many_rows",
                                    "The report gives more than \(most) rows; ask for less, such as a shorter time.")
                            }
                            try budget.resting { try row(statement) }
                        }
                    }
                }
            }
        } catch StorageError.interrupted {
            throw Problem(
                422, "report.time_exceeded",
                "The report took longer than \(Self.nanoseconds / 1_000_000_000) seconds; ask for less, such as a shorter time.")
        } catch StorageError.statement(_, let message, _) {
            throw Problem(422, "report.failed", "The report \(declaration.id) failed: \(message).")
        } catch StorageError.denied(let what) {
            throw Problem(422, "report.denied", "The report \(declaration.id) may not do what it does: \(what).")
        } catch StorageError.tooBig {
            throw Problem(422, "report.too_big", "A value of the report is longer than \(Self.longestValue >> 10) KiB.")
        }
    }

    /// One column of the row as its declared kind.
    func value(_ statement: Statement, _ index: Int) throws -> Value {
        let field = declaration.columns[index]
        let found = statement.row.value(Int32(index))
        switch (field.kind, found) {
        case (_, .null): return .null
        case (.text, .string), (.enum, .string), (.date, .string), (.instant, .string): return found
        case (.integer, .int), (.ref, .int): return found
        case (.money, .int(let minor)): return .money(Money(minor: minor, currency))
        case (.boolean, .int(let flag)): return .bool(flag != 0)
        case (.decimal, .int(let coefficient)), (.percent, .int(let coefficient)):
            return .decimal(try Decimal(coefficient: coefficient, scale: field.places))
        default:
            throw Problem(
                422, "report.value_invalid",
                "The report \(declaration.id) gives “\(field.name)” a value that is no \(field.kind.rawValue).", field: field.name)
        }
    }

    /// Counts the time of the steps only.
    private final class Budget {
        private var left = ReportRun.nanoseconds
        private var since = monotonicNanoseconds()

        var isSpent: Bool { monotonicNanoseconds() - since > left }

        func resting(_ body: () throws -> Void) rethrows {
            let used = monotonicNanoseconds() - since
            left = used < left ? left - used : 0
            defer { since = monotonicNanoseconds() }
            try body()
        }
    }
}

// MARK: Parameters

extension ReportRun {
    /// With the parameters of a request's query.
    init(_ report: Report, _ call: Call) throws {
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        try self.init(
            report, tenant, branches: call.principal.branchIDs, now: call.now, names: call.query.map(\.name).filter { $0 != "format" }
        ) { field in call.queryValue(field.jsonName).map { Self.typed($0, field) } }
    }

    /// - Parameters:
    ///   - branches: whose rows may be seen; nil for all.
    ///   - names: of what is given, by the parameters' JSON names.
    /// - Throws: 422 `request.invalid` with each parameter that is wrong, missing or not known.
    init(
        _ report: Report, _ tenant: Tenant, branches: Set<Int64>?, now: Instant, names: [String], value: (FieldDeclaration) -> Value?
    ) throws {
        self.report = report
        self.branches = branches
        currency = tenant.currency
        let fields = report.declaration.parameters
        var faults: [Schema.Fault] = []
        var values: [(String, RecordColumn.Stored)] = []
        for name in names where !fields.contains(where: { $0.jsonName == name }) {
            faults.append(Schema.Fault(field: name, code: "unknown", message: "is not a parameter of this report"))
        }
        for field in fields {
            guard let stored = RecordColumn(field).stored(value(field), currency: currency, place: field.jsonName, &faults) else { continue }
            values.append((":" + field.name, stored))
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
        if report.declaration.text.parameters.contains(ReportDeclaration.today) {
            values.append((ReportDeclaration.today, .text(tenant.today(now).description)))
        }
        if report.declaration.text.parameters.contains(ReportDeclaration.currency) {
            values.append((ReportDeclaration.currency, .text(currency.code)))
        }
        self.values = values
    }

    private static func typed(_ text: String, _ field: FieldDeclaration) -> Value {
        switch field.kind {
        case .integer, .ref, .money: Int64(text).map { .int($0) } ?? .string(text)
        case .boolean: text == "true" ? true : text == "false" ? false : .string(text)
        default: .string(text)
        }
    }

    /// Names the question: equal for equal answers as long as nothing changes.
    func key(tenant: Int64) -> String {
        let parts = values.map { name, value in
            switch value {
            case .null: "\(name)="
            case .int(let number): "\(name)=\(number)"
            case .bytes(let bytes): "\(name)=\(Hex.encode(bytes))"
            case .text(let text): "\(name)=\(text.utf8.count):\(text)"
            }
        }
        let seen = branches.map { $0.sorted().map { String($0) }.joined(separator: ",") } ?? "all"
        return "\(tenant) \(report.hash) \(declaration.id) \(seen) \(parts.joined(separator: " "))"
    }
}
