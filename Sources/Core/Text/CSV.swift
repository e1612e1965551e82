/// Comma-separated values as RFC 4180 has them: quotes doubled inside quotes, lines that end in CRLF or LF.
package enum CSV {
    package struct Fault: Error, Equatable {
        /// Of the text, from 1.
        package let line: Int
        package let message: String
    }

    package struct Row: Sendable, Equatable {
        /// The line of the text on which the row begins, from 1.
        package let line: Int
        package let cells: [String]
    }

    /// - Parameter limit: the most rows, the one with the names included.
    /// - Throws: `Fault` for text that is not UTF-8, a quote that does not end, text after a quote, or too many rows.
    package static func parse(_ bytes: [UInt8], limit: Int) throws(Fault) -> [Row] {
        var bytes = bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Fault(line: 1, message: "is not UTF-8") }
        let (quote, comma, lf, cr) = (UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"))
        var rows: [Row] = []
        var at = bytes.startIndex
        var line = 1
        while at < bytes.endIndex {
            let start = line
            var cells: [String] = []
            var isOver = false
            while !isOver {
                var cell: [UInt8] = []
                if at < bytes.endIndex, bytes[at] == quote {
                    let opened = line
                    at += 1
                    while true {
                        guard at < bytes.endIndex else { throw Fault(line: opened, message: "has a quote that does not end") }
                        if bytes[at] == quote {
                            at += 1
                            guard at < bytes.endIndex, bytes[at] == quote else { break }
                        }
                        if bytes[at] == lf { line += 1 }
                        cell.append(bytes[at])
                        at += 1
                    }
                    if at < bytes.endIndex, bytes[at] != comma, bytes[at] != lf, bytes[at] != cr {
                        throw Fault(line: line, message: "has text after a quote that ended")
                    }
                } else {
                    while at < bytes.endIndex, bytes[at] != comma, bytes[at] != lf {
                        cell.append(bytes[at])
                        at += 1
                    }
                    if cell.last == cr, at == bytes.endIndex || bytes[at] == lf { cell.removeLast() }
                }
                cells.append(String(decoding: cell, as: UTF8.self))
                if at < bytes.endIndex, bytes[at] == cr { at += 1 }
                if at >= bytes.endIndex {
                    isOver = true
                } else if bytes[at] == comma {
                    at += 1
                } else {
                    at += 1
                    line += 1
                    isOver = true
                }
            }
            // An empty line is no row.
            if cells != [""] { rows.append(Row(line: start, cells: cells)) }
            if rows.count > limit { throw Fault(line: start, message: "has more than \(limit - 1) rows") }
        }
        return rows
    }

    /// A row with its line end; cells are quoted where they must be.
    package static func row(_ cells: [String]) -> [UInt8] {
        var text: [UInt8] = []
        for (index, cell) in cells.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            let needsQuotes = cell.utf8.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
                || cell.first == " " || cell.last == " "
            if needsQuotes {
                text.append(UInt8(ascii: "\""))
                for byte in cell.utf8 {
                    if byte == UInt8(ascii: "\"") { text.append(byte) }
                    text.append(byte)
                }
                text.append(UInt8(ascii: "\""))
            } else {
                text += Array(cell.utf8)
            }
        }
        return text + [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    }

    /// Text that a spreadsheet would take for a formula gets an apostrophe before it; `unguarded` takes it away again.
    package static func guarded(_ text: String) -> String {
        startsFormula(text.drop { $0 == "'" }) ? "'" + text : text
    }

    package static func unguarded(_ text: String) -> String {
        text.hasPrefix("'") && startsFormula(text.drop { $0 == "'" }) ? String(text.dropFirst()) : text
    }

    private static func startsFormula(_ text: Substring) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        return first == "=" || first == "+" || first == "-" || first == "@" || first == "\t" || first == "\r"
    }
}
