import Core
import Glibc

/// Writes text to standard output, whole.
func standardOutput(_ text: String) {
    write(text, to: STDOUT_FILENO)
}

func standardError(_ text: String) {
    write(text, to: STDERR_FILENO)
}

func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
}

func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

extension UnsafeRawBufferPointer.SubSequence {
    fileprivate var baseAddress: UnsafeRawPointer? {
        base.baseAddress.map { $0 + startIndex }
    }
}

extension Invocation {
    /// Prints an answer: as JSON where asked for, else as `text` puts it.
    func answer(_ value: Value, _ text: () -> String) {
        if json {
            standardOutput(String(decoding: JSON.serialize(value, pretty: true), as: UTF8.self) + "\n")
        } else {
            let text = text()
            standardOutput(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n")
        }
    }
}

/// Rows as columns of text, as wide as their widest cell.
struct Table {
    enum Side { case left, right }

    private let headings: [String]
    private let sides: [Side]
    private var rows: [[String]] = []

    init(_ columns: (String, Side)...) {
        headings = columns.map(\.0)
        sides = columns.map(\.1)
    }

    mutating func add(_ cells: String...) {
        rows.append(cells)
    }

    var text: String {
        guard !rows.isEmpty else { return "none\n" }
        let widths = headings.indices.map { column in
            ([headings] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([headings] + rows).map { row in
            let cells = row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return sides[column] == .left ? row[column] + padding : padding + row[column]
            }
            return cells.joined(separator: "  ").trimmedEnd + "\n"
        }.joined()
    }
}

extension String {
    fileprivate var trimmedEnd: String {
        String(self[..<(lastIndex { $0 != " " }.map { index(after: $0) } ?? startIndex)])
    }
}

extension Value {
    /// A member as text for a table: numbers and strings as they are, nothing as a dash.
    func text(_ key: String) -> String {
        switch self[key] {
        case .string(let text): text
        case .int(let number): String(number)
        case .bool(let flag): flag ? "yes" : "no"
        case .array(let items): items.map { $0.string ?? "" }.joined(separator: ",")
        case nil, .null: "–"
        case let other?: String(decoding: JSON.serialize(other), as: UTF8.self)
        }
    }
}
