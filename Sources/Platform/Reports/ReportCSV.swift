import Core
import Storage

/// A report as a file: a line of names, then a line for each row, as they are read.
///
/// Amounts of money are decimals of the currency in the last column. Text that a spreadsheet would take for a formula gets an
/// apostrophe before it.
/// Source: RFC 4180.
enum ReportCSV {
    static func reply(_ report: Report, _ call: Call) throws -> Reply {
        let run = try ReportRun(report, call)
        let name = "\(report.declaration.id).csv"
        return Reply(
            contentType: "text/csv; charset=utf-8", headers: [("Content-Disposition", "attachment; filename=\"\(name)\"")]
        ) { call, put in try write(run, call.database, put) }
    }

    private static func write(_ run: ReportRun, _ db: Connection, _ put: ([UInt8]) throws -> Void) throws {
        let columns = run.report.declaration.columns
        let hasMoney = columns.contains { $0.kind == .money }
        var bytes: [UInt8] = []
        line(columns.map(\.jsonName) + (hasMoney ? ["currency"] : []), &bytes)
        try run.rows(db) { statement in
            var cells: [String] = []
            for index in columns.indices { cells.append(cell(try run.value(statement, index))) }
            if hasMoney { cells.append(run.currency.code) }
            line(cells, &bytes)
            guard bytes.count >= 32 << 10 else { return }
            try put(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        try put(bytes)
    }

    private static func cell(_ value: Value) -> String {
        switch value {
        case .null: ""
        case .string(let text): guarded(text)
        case .int(let number): String(number)
        case .decimal(let number): number.description
        // "10.00 GHS" without its currency.
        case .money(let money): String(money.description.prefix { $0 != " " })
        case .bool(let flag): flag ? "true" : "false"
        default: ""
        }
    }

    private static func guarded(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) else { return text }
        return "'" + text
    }

    static func line(_ cells: [String], _ bytes: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            let needsQuotes = cell.utf8.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D }
            bytes.append(contentsOf: needsQuotes ? "\"\(cell.replacing("\"", with: "\"\""))\"".utf8 : cell.utf8)
        }
        bytes.append(contentsOf: [0x0D, 0x0A])
    }
}
