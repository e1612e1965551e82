import Core

/// What is known of a file beside its bytes.
package struct StoredFile: Sendable {
    package let id: Int64
    package let name: String
    package let mediaType: String
    package let size: Int64
    /// In hex.
    package let sha256: String
    /// Whose code made it; empty where a person sent it.
    package let plugin: String
    /// Whether no record was seen to refer to it yet.
    package let isUnheld: Bool
    package let createdAt: String
    package let createdBy: Int64
    let contentID: Int64

    package var value: Value {
        [
            "id": .int(id), "name": .string(name), "media_type": .string(mediaType), "size": .int(size), "sha256": .string(sha256),
            "created_at": .string(createdAt), "created_by": .int(createdBy),
        ]
    }

    /// The longest name, in bytes.
    static let longestName = 200

    /// A name without folders and without what no file system takes; `file` where nothing is left.
    static func cleaned(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            if scalar == "/" || scalar == "\\" { text = "" } else if scalar.value >= 32, scalar.value != 127 { text.unicodeScalars.append(scalar) }
        }
        while text.utf8.count > longestName { text.removeLast() }
        while text.hasPrefix(".") || text.hasPrefix(" ") { text.removeFirst() }
        return text.isEmpty ? "file" : text
    }

    /// `image/png` in small letters; `application/octet-stream` for nothing.
    /// - Throws: 422 `file.media_type`.
    static func mediaType(_ text: String) throws(Problem) -> String {
        if text.isEmpty { return "application/octet-stream" }
        let word = text.lowercased()
        let parts = word.split(separator: "/", omittingEmptySubsequences: false)
        let isFine = parts.count == 2 && word.utf8.count <= 100
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || ".+-_".utf8.contains($0) }
            }
        guard isFine else { throw Problem(422, "file.media_type", "“\(text)” is no media type such as image/png.", field: "type") }
        return word
    }

    /// The header that has browsers save it under its name, and never show it as a page of ours.
    package var contentDisposition: String {
        var plain = "", encoded = ""
        let digits = Array("0123456789ABCDEF")
        for byte in name.utf8 {
            let isWord = (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte == 45 || byte == 46 || byte == 95
            let scalar = Character(UnicodeScalar(byte))
            plain.append(isWord || byte == 32 ? scalar : "_")
            encoded += isWord ? String(scalar) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }
        return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
    }
}
