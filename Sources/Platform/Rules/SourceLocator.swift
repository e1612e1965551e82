/// Finds the line of a rule file that a dotted path such as `fees.late_fee_amount` or `accounts[3].code` speaks of.
///
/// It reads the text, not the syntax: each name is looked for after the one before it, as a word followed by `=`; an
/// index skips as many `{` at the list's depth. For a path that is not in the file (a missing field) it answers the line of
/// the last part that is.
struct SourceLocator {
    private let text: [UInt8]

    init(_ source: String) {
        text = Array(source.utf8)
    }

    func line(of path: String) -> Int? {
        var position = 0
        var found: Int?
        for part in path.split(separator: ".") {
            let pieces = part.split(whereSeparator: { $0 == "[" || $0 == "]" })
            guard let name = pieces.first, let at = assignment(of: Array(name.utf8), from: position) else { break }
            position = at
            found = at
            if pieces.count > 1, let index = Int(pieces[1]), let entry = entry(index, from: position) {
                position = entry
                found = entry
            }
        }
        return found.map { at in text[..<at].count { $0 == UInt8(ascii: "\n") } + 1 } ?? (text.isEmpty ? nil : 1)
    }

    private func assignment(of name: [UInt8], from start: Int) -> Int? {
        guard text.count >= name.count else { return nil }
        var at = start
        while at + name.count <= text.count {
            if text[at..<(at + name.count)].elementsEqual(name), at == 0 || !Self.isWord(text[at - 1]) {
                var after = at + name.count
                while after < text.count, text[after] == UInt8(ascii: " ") { after += 1 }
                if after < text.count, text[after] == UInt8(ascii: "="), after + 1 >= text.count || text[after + 1] != UInt8(ascii: "=") {
                    return at
                }
            }
            at += 1
        }
        return nil
    }

    /// Where the `index`th (from 1) table begins in the list that opens after `start`.
    private func entry(_ index: Int, from start: Int) -> Int? {
        var depth = 0
        var count = 0
        for at in start..<text.count {
            if text[at] == UInt8(ascii: "{") {
                depth += 1
                if depth == 2 {
                    count += 1
                    if count == index { return at }
                }
            } else if text[at] == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return nil }
            }
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte == 95
    }
}
