/// Texts with places to fill: `Dear {name}`. A brace that stands for itself is doubled.
enum Placeholders {
    enum Piece: Equatable {
        case text(String)
        case place(String)
    }

    /// nil where a brace is open at the end, or closes nothing, or a place has no name.
    static func pieces(_ template: String) -> [Piece]? {
        var pieces: [Piece] = []
        var text: [UInt8] = []
        var bytes = Array(template.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") {
                if bytes.first == byte {
                    bytes.removeFirst()
                    text.append(byte)
                    continue
                }
                guard byte == UInt8(ascii: "{"), let end = bytes.firstIndex(of: UInt8(ascii: "}")) else { return nil }
                let name = String(decoding: bytes[bytes.startIndex..<end], as: UTF8.self)
                guard FieldDeclaration.isName(name) else { return nil }
                if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
                text = []
                pieces.append(.place(name))
                bytes = bytes[(end + 1)...]
            } else {
                text.append(byte)
            }
        }
        if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
        return pieces
    }

    /// Fills the places that have a value; every other brace stays as it is. For requests, whose own syntax has braces.
    static func fill(_ template: String, _ values: [String: String], escape: (String) -> String) -> String {
        var result = ""
        var rest = Substring(template)
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            if let close = rest[open...].firstIndex(of: "}"), let value = values[String(rest[rest.index(after: open)..<close])] {
                result += escape(value)
                rest = rest[rest.index(after: close)...]
            } else {
                result += "{"
                rest = rest[rest.index(after: open)...]
            }
        }
        return result + rest
    }
}
