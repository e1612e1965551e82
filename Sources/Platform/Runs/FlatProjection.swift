import Core
import Scripting

/// Writes what a script returned as JSON, by the declaration of the output: the declared fields in their order and under
/// their JSON names; what is not declared stays inside.
enum FlatProjection {
    static func json(_ reader: inout FlatReader, _ fields: [FieldDeclaration]) throws -> [UInt8] {
        var json = JSONWriter()
        try write(&reader, fields, to: &json)
        return json.bytes
    }

    private static func write(_ reader: inout FlatReader, _ fields: [FieldDeclaration], to json: inout JSONWriter) throws {
        guard reader.tag == .map || reader.tag == .empty || reader.tag == .null else {
            throw Problem(422, "script.result", "The script returned \(reader.tag.name) where its output declares a table.")
        }
        // Where the value of each declared field begins.
        var found = [FlatReader?](repeating: nil, count: fields.count)
        if reader.readNull() {
            // Nothing is a table without fields.
        } else {
            try reader.readMap { key, value in
                if let index = fields.firstIndex(where: { key == $0.name }) { found[index] = value }
            }
        }
        json.beginObject()
        for (index, field) in fields.enumerated() {
            json.key(field.jsonName)
            guard var value = found[index], value.tag != .null else {
                if field.kind == .list || field.kind == .lines {
                    json.beginArray()
                    json.endArray()
                } else {
                    json.null()
                }
                continue
            }
            switch field.kind {
            case .list where !field.fields.isEmpty, .lines:
                json.beginArray()
                try value.readArray { try write(&$0, field.fields, to: &json) }
                json.endArray()
            case .list where value.tag == .empty:
                json.beginArray()
                json.endArray()
            case .object where !field.fields.isEmpty:
                try write(&value, field.fields, to: &json)
            default:
                try value.writeJSON(into: &json)
            }
        }
        json.endObject()
    }
}
