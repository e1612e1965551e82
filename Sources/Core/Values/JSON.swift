/// How much one JSON text may ask of us.
package struct JSONLimits: Sendable {
    /// Nested arrays and objects, 1...512.
    package var depth: Int
    /// Values in all, containers included.
    package var nodes: Int

    package static let `default` = JSONLimits(depth: 32, nodes: 10_000)

    package init(depth: Int, nodes: Int) {
        self.depth = min(max(depth, 1), 512)
        self.nodes = nodes
    }
}

/// JSON as RFC 8259 has it, read strictly and written compactly.
package enum JSON {
    /// Reads one JSON text.
    ///
    /// Integers are exact `Int64`, and larger ones are refused; a fraction or an exponent makes a
    /// `double`. Refused as well: invalid UTF-8, lone surrogates, raw control characters, a repeated
    /// key, anything after the value, and more depth or nodes than `limits` allow.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .default
    ) throws(JSONError) -> Value {
        var parser = JSONParser(bytes, limits)
        return try parser.document()
    }

    package static func parse(_ bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) -> Value {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            try parse(UnsafeRawBufferPointer(buffer), limits: limits)
        }
    }

    package static func parse(_ text: String, limits: JSONLimits = .default) throws(JSONError) -> Value {
        try parse(Array(text.utf8), limits: limits)
    }

    /// Writes a value. A `double` that is no number (infinite, NaN) becomes `null`.
    /// - Parameter pretty: two spaces of indent and a line per member, for people.
    package static func serialize(_ value: Value, pretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty)
        writer.value(value)
        return writer.bytes
    }
}

/// Why a JSON text was refused, and where.
package struct JSONError: Error, Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case invalidUTF8
        case loneSurrogate
        case controlCharacter
        case invalidEscape
        case invalidNumber
        case integerOutOfRange
        case numberOutOfRange
        case duplicateKey(String)
        case tooDeep(limit: Int)
        case tooManyNodes(limit: Int)
        case trailingBytes
    }

    package let reason: Reason
    /// Bytes before the fault.
    package let offset: Int
    /// From 1.
    package let line: Int
    /// In bytes, from 1.
    package let column: Int
}

extension JSONError: ProblemConvertible {
    package var code: String {
        switch reason {
        case .invalidUTF8, .loneSurrogate: "json.invalid_text"
        case .integerOutOfRange, .numberOutOfRange: "json.number_out_of_range"
        case .duplicateKey: "json.duplicate_key"
        case .tooDeep, .tooManyNodes: "json.too_large"
        default: "json.malformed"
        }
    }

    package var problem: Problem {
        Problem(
            400, code, "\(sentence) at line \(line), column \(column).",
            extra: [("line", .int(Int64(line))), ("column", .int(Int64(column)))])
    }

    private var sentence: String {
        switch reason {
        case .unexpectedEnd: "The JSON text ends too early"
        case .unexpectedByte(let byte) where (0x21...0x7E).contains(byte):
            "Unexpected '\(Character(UnicodeScalar(byte)))' in the JSON text"
        case .unexpectedByte(let byte): "Unexpected byte \(byte) in the JSON text"
        case .invalidUTF8: "The JSON text is not UTF-8"
        case .loneSurrogate: "A \\u escape is half of a surrogate pair"
        case .controlCharacter: "A control character in a JSON string must be escaped"
        case .invalidEscape: "Unknown escape in a JSON string"
        case .invalidNumber: "A JSON number is malformed"
        case .integerOutOfRange: "A JSON integer does not fit into 64 bits"
        case .numberOutOfRange: "A JSON number is too large"
        case .duplicateKey(let key): "The key \"\(key.prefix(80))\" is there twice"
        case .tooDeep(let limit): "The JSON text is nested deeper than \(limit)"
        case .tooManyNodes(let limit): "The JSON text has more than \(limit) values"
        case .trailingBytes: "Unexpected text after the JSON value"
        }
    }
}
