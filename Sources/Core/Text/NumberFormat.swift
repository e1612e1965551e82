/// Why a number format was refused. Columns count characters from 1.
package enum NumberFormatError: Error, Sendable, Equatable {
    case unknownPlaceholder(String, column: Int)
    case unbalancedBrace(column: Int)
    /// The width of `{seq:N}` is not 1...18.
    case invalidWidth(String, column: Int)
    case missingSequence
    case repeatedSequence(column: Int)
    /// Empty, longer than 60 characters, or with a control character.
    case invalidText
    /// The format has `{branch}`, and the document has none.
    case missingBranch
}

extension NumberFormatError: ProblemConvertible {
    package var code: String {
        switch self {
        case .unknownPlaceholder: "number_format.unknown_placeholder"
        case .unbalancedBrace: "number_format.unbalanced_brace"
        case .invalidWidth: "number_format.invalid_width"
        case .missingSequence: "number_format.missing_sequence"
        case .repeatedSequence: "number_format.repeated_sequence"
        case .invalidText: "number_format.invalid_text"
        case .missingBranch: "number_format.missing_branch"
        }
    }

    package var problem: Problem {
        switch self {
        case .unknownPlaceholder(let name, let column):
            Problem(
                422, code,
                "\"{\(name.prefix(30))}\" at column \(column) is not known; use {year}, {month}, {day}, {branch}, {seq} or {seq:6}.")
        case .unbalancedBrace(let column): Problem(422, code, "The brace at column \(column) has no partner.")
        case .invalidWidth(let width, let column):
            Problem(422, code, "The width \"\(width.prefix(30))\" at column \(column) must be 1 to 18.")
        case .missingSequence: Problem(422, code, "The format needs {seq} or {seq:6}, or its numbers would all be the same.")
        case .repeatedSequence(let column): Problem(422, code, "{seq} is there a second time at column \(column).")
        case .invalidText: Problem(422, code, "A number format has 1 to 60 characters and no control characters.")
        case .missingBranch: Problem(422, code, "The number format has {branch}, and the document has no branch.")
        }
    }
}

/// How the numbers of a series read: `INV-{year}-{seq:6}` gives `INV-2026-000042`.
package struct NumberFormat: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case text(String)
        case year, month, day, branch
        case sequence(width: Int)
    }

    /// As it was written.
    package let text: String
    private let parts: [Part]

    /// Placeholders: `{year}` (4 digits), `{month}` and `{day}` (2), `{branch}`, and once `{seq}` or
    /// `{seq:N}`, filled with zeros up to N digits, 1...18, and longer when the number is.
    package init(_ text: String) throws(NumberFormatError) {
        guard (1...60).contains(text.count), text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw .invalidText }
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let character = rest.first {
            let column = text.distance(from: text.startIndex, to: rest.startIndex) + 1
            switch character {
            case "{":
                guard let close = rest.firstIndex(of: "}") else { throw .unbalancedBrace(column: column) }
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                let part = try Self.placeholder(rest[rest.index(after: rest.startIndex)..<close], column)
                if case .sequence = part, parts.contains(where: Self.isSequence) { throw .repeatedSequence(column: column) }
                parts.append(part)
                rest = rest[rest.index(after: close)...]
            case "}": throw .unbalancedBrace(column: column)
            default:
                literal.append(character)
                rest.removeFirst()
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        guard parts.contains(where: Self.isSequence) else { throw .missingSequence }
        self.text = text
        self.parts = parts
    }

    package var hasYear: Bool { parts.contains(.year) }
    package var hasMonth: Bool { parts.contains(.month) }
    package var hasDay: Bool { parts.contains(.day) }
    package var hasBranch: Bool { parts.contains(.branch) }

    /// - Parameter sequence: ≥ 0.
    /// - Throws: `.missingBranch` when the format has one and `branch` is nil.
    package func render(
        sequence: Int64, date: CalendarDate, branch: String? = nil
    ) throws(NumberFormatError) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let literal): result += literal
            case .year: Digits.append(date.year, width: 4, to: &result)
            case .month: Digits.append(date.month, width: 2, to: &result)
            case .day: Digits.append(date.day, width: 2, to: &result)
            case .sequence(let width): Digits.append(Int(sequence), width: width, to: &result)
            case .branch:
                guard let branch else { throw .missingBranch }
                result += branch
            }
        }
        return result
    }

    private static func isSequence(_ part: Part) -> Bool {
        if case .sequence = part { true } else { false }
    }

    private static func placeholder(_ name: Substring, _ column: Int) throws(NumberFormatError) -> Part {
        switch name {
        case "year": return .year
        case "month": return .month
        case "day": return .day
        case "branch": return .branch
        case "seq": return .sequence(width: 1)
        case _ where name.hasPrefix("seq:"):
            let digits = name.dropFirst(4)
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let width = Int(digits), (1...18).contains(width)
            else { throw .invalidWidth(String(digits), column: column) }
            return .sequence(width: width)
        default: throw .unknownPlaceholder(String(name), column: column)
        }
    }
}

extension NumberFormat: CustomStringConvertible {
    package var description: String { text }
}
