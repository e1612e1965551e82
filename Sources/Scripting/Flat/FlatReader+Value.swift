import Core

extension FlatReader {
    /// The key under which `readValue` puts the line of a function: `{"$function": 12}`.
    package static let functionKey = "$function"

    /// One value as a tree. An empty Lua table becomes an empty array; functions become `{"$function": line}`.
    package mutating func readValue() throws(FlatError) -> Value {
        guard !isAtEnd else { return .null }
        switch tag {
        case .null: _ = readNull(); return .null
        case .false, .true: return .bool(try readBool())
        case .int: return .int(try readInt())
        case .double: return .double(try readDouble())
        case .string: return .string(try readString())
        case .decimal: return .decimal(try readDecimal())
        case .money: return .money(try readMoney())
        case .function: return .object([Self.functionKey: .int(Int64(try readFunction()))])
        case .empty: try skip(); return .array([])
        case .array:
            let count = try readArrayHeader()
            var items: [Value] = []
            items.reserveCapacity(count)
            for _ in 0..<count { items.append(try readValue()) }
            return .array(items)
        case .map:
            let count = try readMapHeader()
            var object = Object()
            object.reserveCapacity(count)
            for _ in 0..<count {
                let key = try readKey().string
                object[key] = try readValue()
            }
            return .object(object)
        }
    }

    /// All values that are left.
    package mutating func readAll() throws(FlatError) -> [Value] {
        var values: [Value] = []
        while !isAtEnd { values.append(try readValue()) }
        return values
    }

    /// One value as JSON: decimals as text, money as its minor units, an empty table as `[]`, functions as null.
    package mutating func writeJSON(into json: inout JSONWriter) throws(FlatError) {
        guard !isAtEnd else { return json.null() }
        switch tag {
        case .null: _ = readNull(); json.null()
        case .false, .true: json.bool(try readBool())
        case .int: json.int(try readInt())
        case .double: json.double(try readDouble())
        case .string: json.string(utf8: try readUTF8())
        case .decimal: json.string(try readDecimal().description)
        case .money: json.int(try readMoney().minor)
        case .function: try skip(); json.null()
        case .empty:
            try skip()
            json.beginArray()
            json.endArray()
        case .array:
            let count = try readArrayHeader()
            json.beginArray()
            for _ in 0..<count { try writeJSON(into: &json) }
            json.endArray()
        case .map:
            let count = try readMapHeader()
            json.beginObject()
            for _ in 0..<count {
                json.key(utf8: try readKey().bytes)
                try writeJSON(into: &json)
            }
            json.endObject()
        }
    }
}

extension Value {
    /// True for what `describe` yields where the script has a function.
    package var isScriptFunction: Bool { self[FlatReader.functionKey] != nil && object?.count == 1 }
}
