import Core
import Ledger
import Platform

/// A statement as comma-separated values. The first row names the columns: `date` and `amount`, and as the bank has them `id`,
/// `reference`, `details` and `balance`.
enum StatementFile {
    private static let columns = ["date", "amount", "id", "reference", "details", "balance"]

    /// - Throws: 422 `request.invalid`, naming the line of the file.
    static func read(_ bytes: [UInt8], currency: Currency) throws -> [NewStatementLine] {
        let rows: [CSV.Row]
        do {
            rows = try CSV.parse(bytes, limit: NewStatementLine.maximumCount + 1)
        } catch {
            throw wrong(error.line, error.message)
        }
        guard let header = rows.first else { throw Problem(422, "request.invalid", "The file is empty; its first row names the columns.") }
        var places: [String: Int] = [:]
        for (place, cell) in header.cells.enumerated() {
            let name = cell.trimmed.lowercased()
            guard columns.contains(name) else {
                throw wrong(header.line, "names a column “\(cell.prefix(40))”; there are \(columns.joined(separator: ", "))")
            }
            guard places.updateValue(place, forKey: name) == nil else { throw wrong(header.line, "names the column \(name) twice") }
        }
        for name in ["date", "amount"] where places[name] == nil { throw wrong(header.line, "has no column \(name)") }
        return try rows.dropFirst().map { row in
            guard row.cells.count == header.cells.count else {
                throw wrong(row.line, "has \(row.cells.count) cells, and the first row has \(header.cells.count)")
            }
            func cell(_ name: String) -> String { places[name].map { row.cells[$0].trimmed } ?? "" }
            func amount(_ name: String) throws -> Int64 {
                do { return try Money.parse(cell(name), currency).minor } catch {
                    throw wrong(row.line, "has “\(cell(name).prefix(40))” as \(name), which is no amount in \(currency.code) such as 12.50")
                }
            }
            guard let date = try? CalendarDate(cell("date")) else {
                throw wrong(row.line, "has “\(cell("date").prefix(40))” as date, which is none such as 2026-01-31")
            }
            let id = cell("id")
            return NewStatementLine(
                bookedOn: date, amount: try amount("amount"), externalID: id.isEmpty ? nil : id, reference: cell("reference"),
                details: cell("details"), balance: cell("balance").isEmpty ? nil : try amount("balance"), place: row.line)
        }
    }

    private static func wrong(_ line: Int, _ what: String) -> Problem {
        Problem(422, "request.invalid", "Line \(line) of the file \(what).", extra: [("line", .int(Int64(line)))])
    }
}

extension String {
    fileprivate var trimmed: String {
        let rest = drop(while: \.isWhitespace)
        return String(rest[..<(rest.lastIndex { !$0.isWhitespace }.map { rest.index(after: $0) } ?? rest.startIndex)])
    }
}
