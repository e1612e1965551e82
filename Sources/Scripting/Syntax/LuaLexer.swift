/// Cuts Lua 5.4 text into tokens.
struct LuaLexer {
    enum Token: Equatable {
        case end
        case name(String)
        case keyword(String)
        case symbol(String)
        case string(String)
        case integer(Int64)
        case float(Double, String)
    }

    static let keywords: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
        "or", "repeat", "return", "then", "true", "until", "while",
    ]

    private let source: [UInt8]
    private var at = 0
    private var line = 1
    /// The column of the byte at `marked`: columns are counted onward from here, so that a long line costs no more than many.
    private var marked = 0
    private var column = 1

    init(_ source: [UInt8]) {
        self.source = source
        if source.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        if peek() == UInt8(ascii: "#") { while let byte = peek(), byte != 10 { at += 1 } }
    }

    private func peek(_ ahead: Int = 0) -> UInt8? { at + ahead < source.count ? source[at + ahead] : nil }

    private mutating func position() -> LuaPosition {
        let here = min(at, source.count)
        // Bytes inside a character do not count.
        while marked < here {
            if source[marked] & 0xC0 != 0x80 { column += 1 }
            marked += 1
        }
        return LuaPosition(line: line, column: column)
    }

    private mutating func wrong(_ message: String) -> LuaSyntaxError { LuaSyntaxError(position: position(), message: message) }

    private mutating func newline() {
        let first = source[at]
        at += 1
        if let second = peek(), second == 10 || second == 13, second != first { at += 1 }
        line += 1
        marked = at
        column = 1
    }

    mutating func next() throws(LuaSyntaxError) -> (Token, LuaPosition) {
        try skipSpace()
        let place = position()
        guard let byte = peek() else { return (.end, place) }
        if Self.isLetter(byte) {
            let start = at
            while let byte = peek(), Self.isLetter(byte) || Self.isDigit(byte) { at += 1 }
            let word = String(decoding: source[start..<at], as: UTF8.self)
            return (Self.keywords.contains(word) ? .keyword(word) : .name(word), place)
        }
        if Self.isDigit(byte) || (byte == UInt8(ascii: ".") && peek(1).map(Self.isDigit) == true) { return (try number(), place) }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return (.string(try quoted(byte)), place) }
        if byte == UInt8(ascii: "["), let level = longBracket() { return (.string(try long(level)), place) }
        for length in [3, 2, 1] where at + length <= source.count {
            let text = String(decoding: source[at..<(at + length)], as: UTF8.self)
            if Self.symbols.contains(text) {
                at += length
                return (.symbol(text), place)
            }
        }
        throw wrong("unexpected symbol “\(String(decoding: source[at..<min(source.count, at + 4)], as: UTF8.self).prefix(1))”")
    }

    private static let symbols: Set<String> = [
        "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", "..", "+", "-", "*", "/", "%", "^", "#", "&", "~", "|", "<", ">",
        "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
    ]

    private mutating func skipSpace() throws(LuaSyntaxError) {
        while let byte = peek() {
            switch byte {
            case 10, 13: newline()
            case 32, 9, 11, 12: at += 1
            case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"):
                at += 2
                if peek() == UInt8(ascii: "["), let level = longBracket() {
                    _ = try long(level)
                } else {
                    while let byte = peek(), byte != 10, byte != 13 { at += 1 }
                }
            default: return
            }
        }
    }

    /// The count of `=` where `[==[` stands here.
    private func longBracket() -> Int? {
        var level = 0
        while peek(1 + level) == UInt8(ascii: "=") { level += 1 }
        return peek(1 + level) == UInt8(ascii: "[") ? level : nil
    }

    private mutating func long(_ level: Int) throws(LuaSyntaxError) -> String {
        at += level + 2
        if let byte = peek(), byte == 10 || byte == 13 { newline() }
        var bytes: [UInt8] = []
        while let byte = peek() {
            if byte == UInt8(ascii: "]") {
                var count = 0
                while peek(1 + count) == UInt8(ascii: "=") { count += 1 }
                if count == level, peek(1 + count) == UInt8(ascii: "]") {
                    at += level + 2
                    return String(decoding: bytes, as: UTF8.self)
                }
            }
            if byte == 10 || byte == 13 {
                newline()
                bytes.append(10)
            } else {
                bytes.append(byte)
                at += 1
            }
        }
        throw wrong("unfinished long string or comment")
    }

    private mutating func quoted(_ quote: UInt8) throws(LuaSyntaxError) -> String {
        at += 1
        var bytes: [UInt8] = []
        while let byte = peek() {
            switch byte {
            case quote:
                at += 1
                return String(decoding: bytes, as: UTF8.self)
            case 10, 13: throw wrong("unfinished string")
            case UInt8(ascii: "\\"):
                at += 1
                try escape(into: &bytes)
            default:
                bytes.append(byte)
                at += 1
            }
        }
        throw wrong("unfinished string")
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(LuaSyntaxError) {
        guard let byte = peek() else { throw wrong("unfinished string") }
        let plain: [UInt8: UInt8] = [
            UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13, UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8,
            UInt8(ascii: "f"): 12, UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): 92, UInt8(ascii: "\""): 34, UInt8(ascii: "'"): 39,
        ]
        if let value = plain[byte] {
            bytes.append(value)
            at += 1
        } else if byte == 10 || byte == 13 {
            newline()
            bytes.append(10)
        } else if byte == UInt8(ascii: "z") {
            at += 1
            while let space = peek(), [32, 9, 10, 11, 12, 13].contains(space) {
                if space == 10 || space == 13 { newline() } else { at += 1 }
            }
        } else if byte == UInt8(ascii: "x") {
            guard let high = peek(1).flatMap(Self.hex), let low = peek(2).flatMap(Self.hex) else { throw wrong("hexadecimal digit expected") }
            bytes.append(UInt8(high * 16 + low))
            at += 3
        } else if byte == UInt8(ascii: "u") {
            guard peek(1) == UInt8(ascii: "{") else { throw wrong("missing “{” in \\u{…}") }
            at += 2
            var value = 0
            var digits = 0
            while let digit = peek().flatMap(Self.hex) {
                value = value * 16 + digit
                digits += 1
                at += 1
                if value > 0x7FFF_FFFF { throw wrong("UTF-8 value too large") }
            }
            guard digits > 0, peek() == UInt8(ascii: "}") else { throw wrong("missing “}” in \\u{…}") }
            at += 1
            bytes += Self.utf8(value)
        } else if Self.isDigit(byte) {
            var value = 0
            var digits = 0
            while digits < 3, let digit = peek(), Self.isDigit(digit) {
                value = value * 10 + Int(digit - 48)
                digits += 1
                at += 1
            }
            guard value < 256 else { throw wrong("decimal escape too large") }
            bytes.append(UInt8(value))
        } else {
            throw wrong("invalid escape sequence “\\\(String(decoding: [byte], as: UTF8.self))”")
        }
    }

    /// As Lua writes it: up to six bytes.
    private static func utf8(_ value: Int) -> [UInt8] {
        if value < 0x80 { return [UInt8(value)] }
        var rest = value
        var tail: [UInt8] = []
        var limit = 0x3F
        repeat {
            tail.insert(UInt8(0x80 | (rest & 0x3F)), at: 0)
            rest >>= 6
            limit >>= 1
        } while rest > limit
        return [UInt8(truncatingIfNeeded: (~limit << 1) | rest)] + tail
    }

    private mutating func number() throws(LuaSyntaxError) -> Token {
        let start = at
        let isHex = peek() == 48 && (peek(1) == UInt8(ascii: "x") || peek(1) == UInt8(ascii: "X"))
        if isHex { at += 2 }
        let exponent: [UInt8] = isHex ? [UInt8(ascii: "p"), UInt8(ascii: "P")] : [UInt8(ascii: "e"), UInt8(ascii: "E")]
        while let byte = peek() {
            if exponent.contains(byte) {
                at += 1
                if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { at += 1 }
            } else if Self.hex(byte) != nil || byte == UInt8(ascii: ".") {
                at += 1
            } else {
                break
            }
        }
        while let byte = peek(), Self.isLetter(byte) || Self.isDigit(byte) { at += 1 }
        let text = String(decoding: source[start..<at], as: UTF8.self)
        if isHex {
            let digits = text.utf8.dropFirst(2)
            if !digits.isEmpty, digits.allSatisfy({ Self.hex($0) != nil }) {
                return .integer(digits.reduce(0) { ($0 << 4) | Int64(Self.hex($1) ?? 0) })
            }
            // Swift wants an exponent where Lua does not.
            let full = text.utf8.contains { $0 == UInt8(ascii: "p") || $0 == UInt8(ascii: "P") } ? text : text + "p0"
            let tidy = full.replacing("0x.", with: "0x0.").replacing("0X.", with: "0X0.").replacing(".p", with: ".0p").replacing(".P", with: ".0P")
            guard let value = Double(tidy), text.utf8.count > 2 else { throw wrong("malformed number near “\(text)”") }
            return .float(value, text)
        }
        if text.utf8.allSatisfy(Self.isDigit) {
            if let value = Int64(text) { return .integer(value) }
            return .float(Double(text) ?? .infinity, text)
        }
        var tidy = text.hasPrefix(".") ? "0" + text : text
        tidy = tidy.replacing(".e", with: ".0e").replacing(".E", with: ".0E")
        if tidy.hasSuffix(".") { tidy += "0" }
        guard let value = Double(tidy) else { throw wrong("malformed number near “\(text)”") }
        return .float(value, text)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || byte == 95
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    private static func hex(_ byte: UInt8) -> Int? {
        switch byte {
        case 48...57: Int(byte) - 48
        case 97...102: Int(byte) - 87
        case 65...70: Int(byte) - 55
        default: nil
        }
    }
}
