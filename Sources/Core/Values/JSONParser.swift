/// One pass over the bytes; recursion is bounded by `JSONLimits.depth`.
struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let limits: JSONLimits
    private var at = 0
    private var nodes = 0
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer, _ limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> Value {
        if let place = UTF8Check.firstInvalid(bytes) { throw fail(.invalidUTF8, at: place) }
        let result = try value()
        skipSpace()
        guard at == bytes.count else { throw fail(.trailingBytes) }
        return result
    }

    private mutating func value() throws(JSONError) -> Value {
        nodes += 1
        guard nodes <= limits.nodes else { throw fail(.tooManyNodes(limit: limits.nodes)) }
        switch try nextSignificant() {
        case UInt8(ascii: "\""):
            at += 1
            return .string(try string())
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case let byte: throw fail(.unexpectedByte(byte))
        }
    }

    // MARK: Containers

    private mutating func object() throws(JSONError) -> Value {
        try enter()
        var result = Object()
        if try nextSignificant() == UInt8(ascii: "}") {
            leave()
            return .object(result)
        }
        while true {
            try expect(UInt8(ascii: "\""))
            let start = at
            let key = try string()
            guard !result.contains(key) else { throw fail(.duplicateKey(key), at: start) }
            try expect(UInt8(ascii: ":"))
            result.append(key, try value())
            switch try nextSignificant() {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "}"):
                leave()
                return .object(result)
            case let byte: throw fail(.unexpectedByte(byte))
            }
        }
    }

    private mutating func array() throws(JSONError) -> Value {
        try enter()
        var result: [Value] = []
        if try nextSignificant() == UInt8(ascii: "]") {
            leave()
            return .array(result)
        }
        while true {
            result.append(try value())
            switch try nextSignificant() {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "]"):
                leave()
                return .array(result)
            case let byte: throw fail(.unexpectedByte(byte))
            }
        }
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= limits.depth else { throw fail(.tooDeep(limit: limits.depth)) }
        at += 1
    }

    private mutating func leave() {
        depth -= 1
        at += 1
    }

    // MARK: Scalars

    private mutating func word(_ text: StaticString, _ result: Value) throws(JSONError) -> Value {
        for index in 0..<text.utf8CodeUnitCount {
            guard at < bytes.count else { throw fail(.unexpectedEnd) }
            guard bytes[at] == text.utf8Start[index] else { throw fail(.unexpectedByte(bytes[at])) }
            at += 1
        }
        return result
    }

    private mutating func number() throws(JSONError) -> Value {
        let start = at
        let negative = bytes[at] == UInt8(ascii: "-")
        if negative { at += 1 }
        let firstDigit = at
        var magnitude: UInt64 = 0
        var overflowed = false
        while at < bytes.count, let digit = digit(bytes[at]) {
            let (tens, over) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tens.addingReportingOverflow(UInt64(digit))
            overflowed = overflowed || over || carried
            magnitude = sum
            at += 1
        }
        guard at > firstDigit else { throw at < bytes.count ? fail(.invalidNumber) : fail(.unexpectedEnd) }
        if bytes[firstDigit] == 0x30, at - firstDigit > 1 { throw fail(.invalidNumber, at: start) }
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") || bytes[at] | 0x20 == UInt8(ascii: "e") {
            return try fraction(from: start)
        }
        if overflowed { throw fail(.integerOutOfRange, at: start) }
        if negative {
            guard magnitude <= UInt64(Int64.max) + 1 else { throw fail(.integerOutOfRange, at: start) }
            return .int(Int64(truncatingIfNeeded: 0 &- magnitude))
        }
        guard let result = Int64(exactly: magnitude) else { throw fail(.integerOutOfRange, at: start) }
        return .int(result)
    }

    private mutating func fraction(from start: Int) throws(JSONError) -> Value {
        if bytes[at] == UInt8(ascii: ".") {
            at += 1
            try skipDigits()
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
            try skipDigits()
        }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self)
        guard let result = Double(text), result.isFinite else { throw fail(.numberOutOfRange, at: start) }
        return .double(result)
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = at
        while at < bytes.count, digit(bytes[at]) != nil { at += 1 }
        guard at > start else { throw at < bytes.count ? fail(.invalidNumber) : fail(.unexpectedEnd) }
    }

    private func digit(_ byte: UInt8) -> UInt8? {
        let value = byte &- 0x30
        return value < 10 ? value : nil
    }

    // MARK: Strings

    /// Reads up to and including the closing quote; the opening one is behind us.
    private mutating func string() throws(JSONError) -> String {
        let start = at
        at = JSONText.plainEnd(bytes, from: at)
        guard at < bytes.count else { throw fail(.unexpectedEnd) }
        if bytes[at] == UInt8(ascii: "\"") {
            let text = text(bytes[start..<at])
            at += 1
            return text
        }
        return try escapedString(from: start)
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var buffer = [UInt8](bytes[start..<at])
        while true {
            guard at < bytes.count else { throw fail(.unexpectedEnd) }
            switch bytes[at] {
            case UInt8(ascii: "\""):
                at += 1
                return String(decoding: buffer, as: UTF8.self)
            case UInt8(ascii: "\\"):
                at += 1
                try escape(into: &buffer)
            case ..<0x20:
                throw fail(.controlCharacter)
            default:
                let next = JSONText.plainEnd(bytes, from: at)
                buffer.append(contentsOf: bytes[at..<next])
                at = next
            }
        }
    }

    private mutating func escape(into buffer: inout [UInt8]) throws(JSONError) {
        guard at < bytes.count else { throw fail(.unexpectedEnd) }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"): buffer.append(contentsOf: String(Character(try scalar())).utf8)
        default: throw fail(.invalidEscape, at: at - 2)
        }
    }

    /// The scalar of one `\uXXXX`, or of two that are a surrogate pair.
    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let start = at - 2
        let first = try hexUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
            bytes[at + 1] == UInt8(ascii: "u")
        else { throw fail(.loneSurrogate, at: start) }
        at += 2
        let second = try hexUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
        else { throw fail(.loneSurrogate, at: start) }
        return scalar
    }

    private mutating func hexUnit() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard at < bytes.count else { throw fail(.unexpectedEnd) }
            guard let digit = Hex.digit(bytes[at]) else { throw fail(.invalidEscape) }
            unit = unit << 4 | UInt16(digit)
            at += 1
        }
        return unit
    }

    /// Fewer than sixteen bytes make a String without a heap allocation.
    private func text(_ slice: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: slice).assumingMemoryBound(to: UInt8.self), as: UTF8.self)
    }

    // MARK: Bytes

    private mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return
            }
        }
    }

    private mutating func nextSignificant() throws(JSONError) -> UInt8 {
        skipSpace()
        guard at < bytes.count else { throw fail(.unexpectedEnd) }
        return bytes[at]
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        let found = try nextSignificant()
        guard found == byte else { throw fail(.unexpectedByte(found)) }
        at += 1
    }

    private func fail(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
        let offset = offset ?? at
        let before = bytes[..<offset]
        let line = before.count(where: { $0 == 0x0A }) + 1
        let column = offset - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return JSONError(reason: reason, offset: offset, line: line, column: column)
    }
}
