/// The text of a report's SELECT, read far enough to know its words: what it is called in SQL, nothing of what it means.
struct ReportText {
    /// Names, keywords and quoted names, in small letters.
    private(set) var words: Set<String> = []
    /// With their colon.
    private(set) var parameters: Set<String> = []
    /// Without the semicolon at its end.
    let sql: String

    static let longest = 20_000

    /// - Throws: a sentence about what is wrong.
    init(_ text: String) throws(ReportTextError) {
        guard text.utf8.count <= Self.longest else { throw ReportTextError("is longer than \(Self.longest) bytes") }
        var text = text
        while let last = text.unicodeScalars.last, last == ";" || last.properties.isWhitespace { text.unicodeScalars.removeLast() }
        sql = text
        var reader = Reader(bytes: Array(text.utf8))
        var first: String?
        while let token = try reader.next() {
            switch token {
            case .word(let word):
                first = first ?? word
                words.insert(word)
            case .parameter(let name): parameters.insert(name)
            case .other: first = first ?? ""
            }
        }
        guard first == "select" || first == "with" else { throw ReportTextError("must begin with SELECT or WITH") }
        // Names are looked up in one place only: the caller's branches may stand before a table of the same name.
        if !words.isDisjoint(with: ["main", "temp"]) { throw ReportTextError("names tables by themselves, without main or temp") }
        if words.contains("recursive") { throw ReportTextError("has no recursion") }
    }

    private enum Token {
        case word(String)
        case parameter(String)
        case other
    }

    private struct Reader {
        let bytes: [UInt8]
        var place = 0

        mutating func next() throws(ReportTextError) -> Token? {
            while place < bytes.count {
                let byte = bytes[place]
                switch byte {
                case 0: throw ReportTextError("holds a zero byte")
                case 0x20, 0x09...0x0D: place += 1
                case UInt8(ascii: "-") where peek == UInt8(ascii: "-"):
                    while place < bytes.count, bytes[place] != 0x0A { place += 1 }
                case UInt8(ascii: "/") where peek == UInt8(ascii: "*"):
                    place += 2
                    while place < bytes.count, !(bytes[place] == UInt8(ascii: "*") && peek == UInt8(ascii: "/")) { place += 1 }
                    guard place < bytes.count else { throw ReportTextError("has a comment that does not end") }
                    place += 2
                case UInt8(ascii: "'"):
                    _ = try quoted(until: byte)
                    return .other
                case UInt8(ascii: "\""), UInt8(ascii: "`"): return .word(try quoted(until: byte))
                case UInt8(ascii: "["): return .word(try quoted(until: UInt8(ascii: "]")))
                case UInt8(ascii: ";"): throw ReportTextError("is one statement, without a semicolon inside")
                case UInt8(ascii: ":"):
                    place += 1
                    let name = word()
                    guard !name.isEmpty else { throw ReportTextError("has a colon without a name") }
                    return .parameter(":" + name)
                case UInt8(ascii: "?"), UInt8(ascii: "@"), UInt8(ascii: "$"), UInt8(ascii: "#"):
                    throw ReportTextError("takes named parameters only, such as :from")
                case _ where Self.isWord(byte): return .word(word().lowercased())
                default:
                    place += 1
                    return .other
                }
            }
            return nil
        }

        private var peek: UInt8? { place + 1 < bytes.count ? bytes[place + 1] : nil }

        private mutating func word() -> String {
            let start = place
            while place < bytes.count, Self.isWord(bytes[place]) { place += 1 }
            return String(decoding: bytes[start..<place], as: UTF8.self)
        }

        /// The quote twice stands for itself.
        private mutating func quoted(until end: UInt8) throws(ReportTextError) -> String {
            place += 1
            var text: [UInt8] = []
            while place < bytes.count {
                if bytes[place] == end {
                    guard peek == end, end != UInt8(ascii: "]") else {
                        place += 1
                        return String(decoding: text, as: UTF8.self).lowercased()
                    }
                    place += 1
                }
                text.append(bytes[place])
                place += 1
            }
            throw ReportTextError("has a quote that does not end")
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte >= 0x80
        }
    }
}

/// What is wrong with the text, as the end of a sentence.
struct ReportTextError: Error {
    let message: String
    init(_ message: String) { self.message = message }
}
