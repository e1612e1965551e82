import Core
import Testing

@Suite struct JSONTests {
    @Test func `what is written is read back the same`() throws {
        var random = Seeded(1)
        for _ in 0..<3000 {
            let value = random.value(depth: 5)
            for pretty in [false, true] {
                let bytes = JSON.serialize(value, pretty: pretty)
                #expect(try JSON.parse(bytes) == value, "\(random) \(value)")
            }
        }
    }

    @Test func `a document is written compactly, in order, with decimals and money`() throws {
        let ghs = try Currency("GHS")
        let value: Value = [
            "b": 1, "a": ["x", true, false, .null, .double(1.5)], "rate": .decimal(try Decimal("2.50")),
            "total": .money(Money(minor: 1250, ghs)), "text": "tab\t \"q\" \\ \u{1} é €",
        ]
        #expect(
            value.description
                == #"{"b":1,"a":["x",true,false,null,1.5],"rate":"2.5","total":1250,"text":"tab\t \"q\" \\ \u0001 é €"}"#
        )
        #expect(
            String(decoding: JSON.serialize(["a": [1, [:], []], "b": [:]], pretty: true), as: UTF8.self)
                == "{\n  \"a\": [\n    1,\n    {},\n    []\n  ],\n  \"b\": {}\n}")
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), (" 12\n", 12),
    ])
    func `integers are exact`(text: String, expected: Int64) throws {
        #expect(try JSON.parse(text) == .int(expected))
    }

    @Test func `a fraction or an exponent makes a double`() throws {
        #expect(try JSON.parse("1.0") == .double(1))
        #expect(try JSON.parse("-2.5e-3") == .double(-0.0025))
        #expect(try JSON.parse("1E2") == .double(100))
        #expect(JSON.serialize(.double(.nan)) == Array("null".utf8))
    }

    @Test func `escapes are read`() throws {
        #expect(
            try JSON.parse(#""\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00x""#)
                == .string("\"\\/\u{8}\u{c}\n\r\té€😀x"))
    }

    @Test(arguments: [
        ("", .unexpectedEnd), (" ", .unexpectedEnd), ("[1", .unexpectedEnd), ("\"a", .unexpectedEnd),
        ("{\"a\"", .unexpectedEnd), ("tru", .unexpectedEnd), ("-", .unexpectedEnd), ("1.", .unexpectedEnd),
        ("\"\\", .unexpectedEnd), ("\"\\u12", .unexpectedEnd),
        ("[1,]", .unexpectedByte(0x5D)), ("{\"a\":1,}", .unexpectedByte(0x7D)), ("[,1]", .unexpectedByte(0x2C)),
        ("{a:1}", .unexpectedByte(0x61)), ("nul1", .unexpectedByte(0x31)), ("NaN", .unexpectedByte(0x4E)),
        ("Infinity", .unexpectedByte(0x49)), ("+1", .unexpectedByte(0x2B)), ("'a'", .unexpectedByte(0x27)),
        ("[1 2]", .unexpectedByte(0x32)), ("{\"a\" 1}", .unexpectedByte(0x31)), ("\u{FEFF}1", .unexpectedByte(0xEF)),
        ("01", .invalidNumber), ("-01", .invalidNumber), ("1.e3", .invalidNumber), ("1.5e+x", .invalidNumber),
        ("-x", .invalidNumber), ("1 1", .trailingBytes), ("{}x", .trailingBytes),
        ("9223372036854775808", .integerOutOfRange), ("-9223372036854775809", .integerOutOfRange),
        ("18446744073709551617", .integerOutOfRange), ("100000000000000000000000", .integerOutOfRange),
        ("1e999", .numberOutOfRange), ("\"\u{1}\"", .controlCharacter), ("\"a\nb\"", .controlCharacter),
        ("\"long enough for eight \u{1f}\"", .controlCharacter), ("\"\\n\u{1}\"", .controlCharacter),
        (#""\x""#, .invalidEscape), (#""\u12g4""#, .invalidEscape),
        (#""\ud800""#, .loneSurrogate), (#""\udc00""#, .loneSurrogate), (#""\ud800\u0041""#, .loneSurrogate),
        (#""\ud800\n""#, .loneSurrogate), (#""\ud800\ud800""#, .loneSurrogate),
        ("{\"a\":1,\"b\":2,\"a\":3}", .duplicateKey("a")), (#"{"a":1,"\u0061":2}"#, .duplicateKey("a")),
    ] as [(String, JSONError.Reason)])
    func `malformed text is refused`(text: String, reason: JSONError.Reason) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error?.reason == reason)
        #expect(error?.problem.status == 400)
    }

    @Test(arguments: [
        [0x80], [0xC0, 0x80], [0xC3], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xFF],
    ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
        for prefix in ["", "plain and long", "\\n"] {
            let text = Array("\"\(prefix)".utf8) + bytes + Array("\"".utf8)
            #expect(throws: JSONError.self) { try JSON.parse(text) }
        }
    }

    @Test func `random bytes are text or are refused just as the standard library says`() {
        var random = Seeded(10)
        let leads: [UInt8] = [0x41, 0xC2, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xC1, 0x80, 0x9F, 0xA0, 0x8F, 0x90, 0xBF]
        for _ in 0..<50_000 {
            let bytes = (0..<Int.random(in: 1...12, using: &random)).map { _ in leads.randomElement(using: &random) ?? 0x41 }
            let expected = String(validating: bytes, as: UTF8.self)
            let parsed = try? JSON.parse(Array("\"".utf8) + bytes + Array("\"".utf8))
            #expect(parsed == expected.map { .string($0) }, "\(random) \(bytes)")
        }
    }

    @Test func `an error tells line and column`() {
        let error = #expect(throws: JSONError.self) { try JSON.parse("{\n  \"a\": x}") }
        #expect(error?.reason == .unexpectedByte(0x78))
        #expect([error?.offset, error?.line, error?.column] == [9, 2, 8])
        #expect(error?.problem.code == "json.malformed")
    }

    @Test func `depth and nodes are limited`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSON.parse(nested(32))
        #expect(throws: JSONError.self) { try JSON.parse(nested(33)) }
        #expect(throws: JSONError.self) { try JSON.parse(nested(1_000_000)) }
        let wide = "[" + Array(repeating: "0", count: 9999).joined(separator: ",") + "]"
        _ = try JSON.parse(wide)
        let error = #expect(throws: JSONError.self) { try JSON.parse("[\(wide)]") }
        #expect(error?.reason == .tooManyNodes(limit: 10_000))
        #expect(error?.code == "json.too_large")
    }

    @Test func `no cut and no flipped byte of a document crashes the parser`() throws {
        var random = Seeded(2)
        let document = JSON.serialize([
            "name": "Ama \"K\" é\n", "lines": [["sku": "A-1", "qty": -12], ["x": .double(1.25e-7)]], "ok": true,
        ])
        for end in 0..<document.count {
            #expect(throws: JSONError.self, "\(end)") { try JSON.parse(Array(document[..<end])) }
        }
        for _ in 0..<20_000 {
            var bytes = document
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            if let value = try? JSON.parse(bytes) {
                #expect(try JSON.parse(JSON.serialize(value)) == value, "\(random)")
            }
        }
    }

    @Test func `the writer puts commas where they belong`() throws {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", 7)
        writer.member("name", "x")
        writer.member("none", nil as String?)
        writer.key("items")
        writer.beginArray()
        writer.int(-1)
        writer.bool(true)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.rawUTF8("[1]".utf8)
        writer.endArray()
        writer.member("min", value: .int(.min))
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"id":7,"name":"x","none":null,"items":[-1,true,null,{},[1]],"min":-9223372036854775808}"#)
    }
}

@Suite struct ObjectTests {
    @Test(arguments: [3, 16, 17, 18, 40])  // the index begins above sixteen
    func `keys keep their order through replacing and removing`(count: Int) {
        var object = Object()
        for index in 0..<count { object["k\(index)"] = .int(Int64(index)) }
        object["k1"] = "new"
        object["k0"] = nil
        object["absent"] = nil
        #expect(object.keys == (1..<count).map { "k\($0)" })
        #expect(object["k1"] == "new")
        #expect(object["k0"] == nil)
        #expect(object["k\(count - 1)"] == .int(Int64(count - 1)))
        object["k0"] = 0
        #expect(object.keys.last == "k0")
        #expect(object.count == count)
    }

    @Test func `order does not matter for equality`() {
        #expect(["a": 1, "b": 2] as Value == ["b": 2, "a": 1])
        #expect(["a": 1] as Value != ["a": 1, "b": .null])
        #expect(["a": 1] as Value != ["b": 1])
    }
}

extension Seeded {
    mutating func value(depth: Int) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .int(integer())
        case 3:
            let number = Double(bitPattern: next())
            return number.isFinite ? .double(number) : .double(0.1)
        case 4, 5: return .string(text())
        case 6: return .array((0..<Int.random(in: 0..<6, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var object = Object()
            for _ in 0..<Int.random(in: 0..<24, using: &self) { object[text()] = value(depth: depth - 1) }
            return .object(object)
        }
    }

    mutating func text() -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "b", "Z", "0", " ", "\"", "\\", "/", "\n", "\t", "\u{0}", "\u{1F}", "\u{7F}", "é", "€", "😀", "\u{2028}",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0..<20, using: &self) {
            text.unicodeScalars.append(alphabet.randomElement(using: &self) ?? "a")
        }
        return text
    }
}
