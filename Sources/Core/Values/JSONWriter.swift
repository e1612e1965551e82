/// Appends JSON to a byte array, commas included; the caller keeps begin and end in pairs.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private var depth = 0
    private let pretty: Bool

    package init(capacity: Int = 256, pretty: Bool = false) {
        self.pretty = pretty
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    package mutating func key(_ key: String) {
        separate()
        quoted(key)
        bytes.append(UInt8(ascii: ":"))
        if pretty { bytes.append(0x20) }
        needsComma = false
        afterKey = true
    }

    /// A key with its quotes and its colon, escaped already.
    package mutating func key(quoted key: [UInt8]) {
        separate()
        bytes.append(contentsOf: key)
        if pretty { bytes.append(0x20) }
        needsComma = false
        afterKey = true
    }

    /// A key from bytes that are known to be UTF-8.
    package mutating func key(utf8 key: UnsafeRawBufferPointer) {
        separate()
        quoted(key)
        bytes.append(UInt8(ascii: ":"))
        if pretty { bytes.append(0x20) }
        needsComma = false
        afterKey = true
    }

    /// Bytes that are known to be UTF-8.
    package mutating func string(utf8 text: UnsafeRawBufferPointer) {
        separate()
        quoted(text)
        needsComma = true
    }

    package mutating func string(_ text: String) {
        separate()
        quoted(text)
        needsComma = true
    }

    package mutating func int(_ value: Int64) {
        separate()
        Digits.append(value, to: &bytes)
        needsComma = true
    }

    package mutating func bool(_ value: Bool) { word(value ? "true" : "false") }

    package mutating func null() { word("null") }

    /// Infinite and NaN become `null`: JSON has no word for them.
    package mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        bytes.append(contentsOf: value.description.utf8)
        needsComma = true
    }

    /// Appends bytes that are one JSON value already, such as a stored response.
    package mutating func rawUTF8(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    package mutating func value(_ value: Value) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .int(let number): int(number)
        case .double(let number): double(number)
        case .string(let text): string(text)
        case .decimal(let number): string(number.description)
        case .money(let money): int(money.minor)
        case .array(let items):
            beginArray()
            for item in items { self.value(item) }
            endArray()
        case .object(let object): self.object(object)
        }
    }

    package mutating func object(_ object: Object) {
        beginObject()
        for (name, member) in object {
            key(name)
            value(member)
        }
        endObject()
    }

    // MARK: One member at a time

    package mutating func member(_ name: String, _ text: String) { key(name); string(text) }
    package mutating func member(_ name: String, _ number: Int64) { key(name); int(number) }
    package mutating func member(_ name: String, _ flag: Bool) { key(name); bool(flag) }
    package mutating func member(_ name: String, value tree: Value) { key(name); value(tree) }
    package mutating func member(_ name: String, _ text: String?) {
        key(name)
        if let text { string(text) } else { null() }
    }

    // MARK: Bytes

    private var afterKey = false

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        depth += 1
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        depth -= 1
        if pretty, needsComma { newLine() }
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        if pretty, depth > 0, !afterKey { newLine() }
        afterKey = false
    }

    private mutating func newLine() {
        bytes.append(0x0A)
        for _ in 0..<depth { bytes.append(contentsOf: [0x20, 0x20]) }
    }

    private mutating func word(_ word: StaticString) {
        separate()
        bytes.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        needsComma = true
    }

    private mutating func quoted(_ text: String) {
        text.withBytes { quoted($0) }
    }

    private mutating func quoted(_ utf8: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        var at = 0
        while true {
            let plainEnd = JSONText.plainEnd(utf8, from: at)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[at..<plainEnd]))
            if plainEnd == utf8.count { break }
            escape(utf8[plainEnd])
            at = plainEnd + 1
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: [UInt8(ascii: "u"), 0x30, 0x30])
            bytes.append(Hex.digits[Int(byte >> 4)])
            bytes.append(Hex.digits[Int(byte & 15)])
        }
    }
}
