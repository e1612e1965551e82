import Core
import Scripting

/// The declared fields of an output, made once so that writing what a script returned compares no Strings.
final class OutputShape: Sendable {
    struct Field: Sendable {
        /// The name in JSON with quotes and colon.
        let key: [UInt8]
        let content: Content
    }

    enum Content: Sendable {
        case value
        /// Of values, and of nothing when it is empty or left out.
        case list
        case listOf(OutputShape)
        case object(OutputShape)
    }

    let index: FieldIndex
    let fields: [Field]

    init(_ declared: [FieldDeclaration]) {
        index = FieldIndex(declared.map(\.name))
        fields = declared.map { field in
            let content: Content =
                switch field.kind {
                case .list where !field.fields.isEmpty, .lines: .listOf(OutputShape(field.fields))
                case .list: .list
                case .object where !field.fields.isEmpty: .object(OutputShape(field.fields))
                default: .value
                }
            return Field(key: JSON.serialize(.string(field.jsonName)) + [UInt8(ascii: ":")], content: content)
        }
    }
}

/// Writes what a script returned as JSON, by the declaration of the output: the declared fields in their order and under
/// their JSON names; what is not declared stays inside.
enum FlatProjection {
    static func json(_ reader: inout FlatReader, _ shape: OutputShape) throws -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        try write(&reader, shape, to: &json)
        return json.bytes
    }

    private static func write(_ reader: inout FlatReader, _ shape: OutputShape, to json: inout JSONWriter) throws {
        guard reader.tag == .map || reader.tag == .empty || reader.tag == .null else {
            throw Problem(422, "script.result", "The script returned \(reader.tag.name) where its output declares a table.")
        }
        try withUnsafeTemporaryAllocation(of: FlatReader?.self, capacity: shape.fields.count) { found in
            // Where the value of each declared field begins. Readers are plain values: nothing is to be undone.
            found.initialize(repeating: nil)
            // Nothing is a table without fields.
            if !reader.readNull() {
                for _ in 0..<(try reader.readMapHeader()) {
                    if let place = shape.index.place(of: try reader.readKey()), reader.tag != .null { found[place] = reader }
                    try reader.skip()
                }
            }
            json.beginObject()
            for place in 0..<shape.fields.count {
                json.key(quoted: shape.fields[place].key)
                if case .value = shape.fields[place].content, var value = found[place] {
                    try value.writeJSON(into: &json)
                } else {
                    try write(found[place], shape.fields[place].content, to: &json)
                }
            }
            json.endObject()
        }
    }

    private static func write(_ value: FlatReader?, _ content: OutputShape.Content, to json: inout JSONWriter) throws {
        guard var value else {
            switch content {
            case .list, .listOf:
                json.beginArray()
                json.endArray()
            case .value, .object: json.null()
            }
            return
        }
        switch content {
        case .listOf(let shape):
            json.beginArray()
            for _ in 0..<(try value.readArrayHeader()) { try write(&value, shape, to: &json) }
            json.endArray()
        case .object(let shape): try write(&value, shape, to: &json)
        case .list, .value: try value.writeJSON(into: &json)
        }
    }
}
