import Core

/// The statements of one request, made into a program that a floor can run again and again.
///
/// It is learnt from three requests in a row that differ in nothing but time: what is the same in all of them stays as it is,
/// a number that grows goes on growing by the same step, and what changes without a pattern (digests, keys) becomes noise of
/// the same length. So ids stay unique and foreign keys keep pointing at rows that are there.
struct Recording {
    private(set) var statements: [Statement] = []

    struct Statement {
        /// SQL with a `?` for each parameter.
        var sql: String
        var parameters: [Parameter] = []
    }

    enum Parameter: Equatable {
        case integer(start: Int64, step: Int64)
        case text([Part])
        case blob(bytes: Int)
    }

    enum Part: Equatable {
        case literal(String)
        case counter(start: Int64, step: Int64, width: Int)
        case noise(bytes: Int)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter runs: the statements of three requests in a row, with their values filled in, in the order of execution.
    init(_ runs: [[String]]) throws {
        let runs = runs.map { $0.filter { !Self.isTransactionControl($0) } }
        guard runs.count == 3, runs.allSatisfy({ $0.count == runs[0].count }) else {
            throw Failure(description: "three requests in a row ran \(runs.map(\.count)) statements: they are not alike")
        }
        for index in runs[0].indices {
            statements.append(try Self.statement(runs.map { SQLText.split($0[index]) }))
        }
    }

    /// The floor opens and ends its own transaction, one for all requests that wait.
    static func isTransactionControl(_ sql: String) -> Bool {
        let word = sql.drop { $0 == " " || $0 == "\n" }.prefix { $0.isLetter }.uppercased()
        return ["", "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA"].contains(word)
    }

    private static func statement(_ runs: [[SQLText.Token]]) throws -> Statement {
        guard runs.allSatisfy({ $0.count == runs[0].count }) else {
            throw Failure(description: "a statement differs from one request to the next: \(runs[0].map(\.text).joined())")
        }
        var statement = Statement(sql: "")
        for index in runs[0].indices {
            let tokens = runs.map { $0[index] }
            if tokens.allSatisfy({ $0 == tokens[0] }) {
                statement.sql += tokens[0].text
                continue
            }
            switch (tokens[0], tokens[1], tokens[2]) {
            case (.integer(let a), .integer(let b), .integer(let c)):
                // What does not grow evenly (a time) stands still at its last value.
                let even = b - a == c - b
                statement.parameters.append(.integer(start: even ? c + (c - b) : c, step: even ? c - b : 0))
            case (.string, .string(let b), .string(let c)):
                statement.parameters.append(.text(Self.parts(b, c)))
            case (.blob, .blob, .blob(let hex)):
                statement.parameters.append(.blob(bytes: hex.utf8.count / 2))
            default:
                throw Failure(description: "a statement differs from one request to the next: \(runs[0].map(\.text).joined())")
            }
            statement.sql += "?"
        }
        return statement
    }

    /// How the text goes on after `b` and `c`.
    static func parts(_ b: String, _ c: String) -> [Part] {
        let first = words(b), second = words(c)
        guard first.count == second.count else { return [.noise(bytes: c.utf8.count)] }
        var parts: [Part] = []
        for (old, new) in zip(first, second) {
            if old == new || isInstant(new) {
                if case .literal(let text) = parts.last {
                    parts[parts.count - 1] = .literal(text + new)
                } else {
                    parts.append(.literal(new))
                }
            } else if let old = number(old), let value = number(new) {
                parts.append(.counter(start: value + (value - old), step: value - old, width: new.hasPrefix("0") ? new.utf8.count : 1))
            } else {
                parts.append(.noise(bytes: new.utf8.count))
            }
        }
        return parts
    }

    /// Letters and digits together are a word, so is an instant, so is each other character.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            let length = isInstant(String(rest.prefix(24))) ? 24 : max(1, rest.prefix { $0.isLetter || $0.isNumber }.count)
            words.append(String(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return words
    }

    private static func isInstant(_ text: String) -> Bool {
        text.utf8.count == 24 && (try? Instant(text)) != nil
    }

    private static func number(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (48...57).contains($0) } ? Int64(text) : nil
    }

    /// The recording as the floor reads it.
    var text: String {
        statements.map { statement in
            "statement \(statement.sql.utf8.count)\n\(statement.sql)\n"
                + statement.parameters.map { parameter in
                    switch parameter {
                    case .integer(let start, let step): "integer \(start) \(step)\n"
                    case .blob(let bytes): "blob \(bytes)\n"
                    case .text(let parts):
                        "text \(parts.count)\n"
                            + parts.map { part in
                                switch part {
                                case .literal(let text): "literal \(text.utf8.count)\n\(text)\n"
                                case .counter(let start, let step, let width): "counter \(start) \(step) \(width)\n"
                                case .noise(let bytes): "noise \(bytes)\n"
                                }
                            }.joined()
                    }
                }.joined()
        }.joined()
    }
}

/// SQL as literals and what stands between them.
enum SQLText {
    enum Token: Equatable {
        case other(String)
        case integer(Int64)
        case string(String)
        /// Hexadecimal digits.
        case blob(String)

        /// The token as SQL.
        var text: String {
            switch self {
            case .other(let text): text
            case .integer(let number): String(number)
            case .string(let text): "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
            case .blob(let hex): "x'\(hex)'"
            }
        }
    }

    static func split(_ sql: String) -> [Token] {
        var tokens: [Token] = []
        var other: [UInt8] = []
        let bytes = Array(sql.utf8)
        var index = 0

        func quoted(from start: Int, by quote: UInt8) -> (text: [UInt8], end: Int) {
            var text: [UInt8] = []
            var at = start
            while at < bytes.count {
                if bytes[at] == quote {
                    guard at + 1 < bytes.count, bytes[at + 1] == quote else { return (text, at + 1) }
                    at += 1
                }
                text.append(bytes[at])
                at += 1
            }
            return (text, at)
        }
        func push(_ token: Token) {
            if !other.isEmpty { tokens.append(.other(String(decoding: other, as: UTF8.self))) }
            other = []
            tokens.append(token)
        }
        func isWord(_ byte: UInt8) -> Bool {
            byte == 95 || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte > 127
        }

        while index < bytes.count {
            let byte = bytes[index]
            if byte == 39 {
                let (text, end) = quoted(from: index + 1, by: 39)
                if let mark = other.last, mark == 120 || mark == 88, other.count < 2 || !isWord(other[other.count - 2]) {
                    other.removeLast()
                    push(.blob(String(decoding: text, as: UTF8.self)))
                } else {
                    push(.string(String(decoding: text, as: UTF8.self)))
                }
                index = end
            } else if byte == 34 {
                let (_, end) = quoted(from: index + 1, by: 34)
                other += bytes[index..<end]
                index = end
            } else if (48...57).contains(byte), !(other.last.map { isWord($0) || $0 == 46 } ?? false) {
                let end = bytes[index...].firstIndex { !isWord($0) && $0 != 46 } ?? bytes.count
                let text = String(decoding: bytes[index..<end], as: UTF8.self)
                if let number = Int64(text) { push(.integer(number)) } else { other += bytes[index..<end] }
                index = end
            } else {
                other.append(byte)
                index += 1
            }
        }
        if !other.isEmpty { tokens.append(.other(String(decoding: other, as: UTF8.self))) }
        return tokens
    }
}
