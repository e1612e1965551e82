/// Finds the line of a rule file that a dotted path such as `fees.late_fee_amount` or `accounts[3].code` speaks of.
///
/// It knows as much of Lua as that takes: comments, strings, brackets and blocks. For a path that is not in the file (a
/// missing field) it answers the line of the last part that is; for a file that does not end in `return { … }` the first
/// line that sets the last part's name.
struct SourceLocator {
    /// The text without comments and with the contents of strings made unreadable; `["name"]` keeps its name.
    private let text: [UInt8]

    init(_ source: String) {
        text = Self.bare(Array(source.utf8))
    }

    func line(of path: String) -> Int? {
        guard !text.isEmpty else { return nil }
        guard var body = returnedTable() else { return fallback(path) }
        var found: Int?
        for part in path.split(separator: ".") {
            let pieces = part.split(whereSeparator: { $0 == "[" || $0 == "]" })
            guard let name = pieces.first, let member = elements(in: body).first(where: { $0.key == String(name) }) else { break }
            found = member.start
            body = inside(member.value, member.end)
            guard pieces.count > 1, let index = Int(pieces[1]), index > 0 else { continue }
            let entries = elements(in: body).filter { $0.key == nil }
            guard index <= entries.count else { break }
            found = entries[index - 1].start
            body = inside(entries[index - 1].start, entries[index - 1].end)
        }
        return found.map(line(at:)) ?? 1
    }

    private func line(at position: Int) -> Int {
        text[..<position].count { $0 == UInt8(ascii: "\n") } + 1
    }

    // MARK: Tables

    private struct Element {
        var key: String?
        var start: Int
        var value: Int
        var end: Int
    }

    /// The body of the table that the file returns.
    private func returnedTable() -> Range<Int>? {
        var last: Int?
        var depth = 0
        walk(0..<text.count) { at, word, change in
            depth += change
            if depth == 0, word == "return" { last = at + 6 }
        }
        guard let last, let open = text[last...].firstIndex(where: { !Self.isSpace($0) }), text[open] == UInt8(ascii: "{") else { return nil }
        return inside(open, text.count)
    }

    /// What is between the brackets that open at `start`; empty where none do.
    private func inside(_ start: Int, _ end: Int) -> Range<Int> {
        guard start < end, text[start] == UInt8(ascii: "{") else { return start..<start }
        var depth = 0
        for at in start..<end {
            if text[at] == UInt8(ascii: "{") { depth += 1 }
            if text[at] == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return start + 1..<at }
            }
        }
        return start + 1..<end
    }

    /// The elements of a table's body, with their keys where they have any.
    private func elements(in body: Range<Int>) -> [Element] {
        var result: [Element] = []
        var start = body.lowerBound
        var depth = 0
        func flush(_ end: Int) {
            guard let first = text[start..<end].firstIndex(where: { !Self.isSpace($0) }) else { return }
            result.append(element(first, end))
        }
        walk(body) { at, _, change in
            depth += change
            if depth == 0, change == 0, text[at] == UInt8(ascii: ",") || text[at] == UInt8(ascii: ";") {
                flush(at)
                start = at + 1
            }
        }
        flush(body.upperBound)
        return result
    }

    private func element(_ start: Int, _ end: Int) -> Element {
        var at = start
        let quoted = text[at] == UInt8(ascii: "[")
        while at < end, quoted ? !Self.isWord(text[at]) && text[at] != UInt8(ascii: "]") : false { at += 1 }
        let name = at
        while at < end, Self.isWord(text[at]) { at += 1 }
        let key = String(decoding: text[name..<at], as: UTF8.self)
        while at < end, Self.isSpace(text[at]) || (quoted && text[at] != UInt8(ascii: "=")) { at += 1 }
        guard !key.isEmpty, at < end, text[at] == UInt8(ascii: "="), at + 1 >= end || text[at + 1] != UInt8(ascii: "=") else {
            return Element(key: nil, start: start, value: start, end: end)
        }
        let value = text[(at + 1)..<end].firstIndex { !Self.isSpace($0) } ?? end
        return Element(key: key, start: start, value: value, end: end)
    }

    /// Goes through words and other bytes, telling how each changes the depth of brackets and blocks.
    private func walk(_ range: Range<Int>, _ visit: (_ at: Int, _ word: String, _ change: Int) -> Void) {
        var at = range.lowerBound
        while at < range.upperBound {
            let byte = text[at]
            if Self.isWord(byte) {
                var end = at + 1
                while end < range.upperBound, Self.isWord(text[end]) { end += 1 }
                let word = String(decoding: text[at..<end], as: UTF8.self)
                let change = switch word {
                case "function", "if", "do", "repeat": 1
                case "end", "until": -1
                default: 0
                }
                visit(at, word, change)
                at = end
                continue
            }
            let change = switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "("), UInt8(ascii: "["): 1
            case UInt8(ascii: "}"), UInt8(ascii: ")"), UInt8(ascii: "]"): -1
            default: 0
            }
            visit(at, "", change)
            at += 1
        }
    }

    private func fallback(_ path: String) -> Int {
        let name = path.split(whereSeparator: { $0 == "." || $0 == "[" }).last.map(String.init) ?? ""
        var found: Int?
        walk(0..<text.count) { at, word, _ in
            guard found == nil, word == name, !name.isEmpty else { return }
            let after = text[(at + name.utf8.count)...].first { !Self.isSpace($0) }
            if after == UInt8(ascii: "=") { found = at }
        }
        return found.map(line(at:)) ?? 1
    }

    // MARK: Text

    /// Comments become spaces, and so do line ends within strings; the contents of strings become `'`, but for `["name"]`.
    private static func bare(_ source: [UInt8]) -> [UInt8] {
        var text = source
        var at = 0
        func starts(_ bytes: StaticString) -> Bool {
            at + bytes.utf8CodeUnitCount <= source.count
                && (0..<bytes.utf8CodeUnitCount).allSatisfy { source[at + $0] == bytes.utf8Start[$0] }
        }
        func blank(upTo end: Int, _ byte: UInt8) {
            while at < end {
                if source[at] != UInt8(ascii: "\n") { text[at] = byte }
                at += 1
            }
        }
        while at < source.count {
            if starts("--") {
                let long = longBracket(source, at + 2)
                let end = long ?? source[at...].firstIndex(of: UInt8(ascii: "\n")) ?? source.count
                blank(upTo: end, UInt8(ascii: " "))
            } else if let end = longBracket(source, at) {
                blank(upTo: end, UInt8(ascii: "'"))
            } else if source[at] == UInt8(ascii: "\"") || source[at] == UInt8(ascii: "'") {
                var end = at + 1
                while end < source.count, source[end] != source[at], source[end] != UInt8(ascii: "\n") {
                    end += source[end] == UInt8(ascii: "\\") ? 2 : 1
                }
                end = min(end + 1, source.count)
                let before = source[..<at].last { !isSpace($0) }
                if before == UInt8(ascii: "[") { at = end } else { blank(upTo: end, UInt8(ascii: "'")) }
            } else {
                at += 1
            }
        }
        return text
    }

    /// The end of `[[ … ]]` or `[=[ … ]=]` that begins at `start`.
    private static func longBracket(_ source: [UInt8], _ start: Int) -> Int? {
        guard start < source.count, source[start] == UInt8(ascii: "[") else { return nil }
        var at = start + 1
        while at < source.count, source[at] == UInt8(ascii: "=") { at += 1 }
        guard at < source.count, source[at] == UInt8(ascii: "[") else { return nil }
        let close = [UInt8(ascii: "]")] + [UInt8](repeating: UInt8(ascii: "="), count: at - start - 1) + [UInt8(ascii: "]")]
        while at + close.count <= source.count {
            if source[at..<(at + close.count)].elementsEqual(close) { return at + close.count }
            at += 1
        }
        return source.count
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (byte >= 9 && byte <= 13) }

    private static func isWord(_ byte: UInt8) -> Bool {
        (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte == 95
    }
}
