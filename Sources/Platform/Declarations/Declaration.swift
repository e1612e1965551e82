import Core

/// What a Lua file returned, read member by member with errors that name the file and the place.
///
/// Every member must be asked for: `finish()` refuses what nobody read, so that a misspelt word is an error and not silence.
package struct Declaration {
    /// `pos/records/sale.lua`
    package let file: String
    /// `fields[2]`; empty at the top.
    package let place: String
    private let object: Object
    private let seen = Seen()

    private final class Seen {
        var names: Set<String> = []
    }

    /// - Throws: `DeclarationError` when the value is not a table with names.
    package init(_ value: Value, file: String, place: String = "") throws(DeclarationError) {
        switch value {
        case .object(let object): self.object = object
        case .array(let items) where items.isEmpty: object = Object()
        default: throw DeclarationError(file: file, field: place, message: "must be a table with named members")
        }
        self.file = file
        self.place = place
    }

    package func wrong(_ name: String, _ message: String) -> DeclarationError {
        DeclarationError(file: file, field: path(name), message: message)
    }

    package func path(_ name: String) -> String {
        if name.isEmpty { return place }
        return place.isEmpty ? name : "\(place).\(name)"
    }

    package func value(_ name: String) -> Value? {
        seen.names.insert(name)
        let value = object[name]
        return value == .null ? nil : value
    }

    package func text(_ name: String) throws(DeclarationError) -> String? {
        switch value(name) {
        case nil: return nil
        case .string(let text): return text
        default: throw wrong(name, "must be a string")
        }
    }

    package func requiredText(_ name: String) throws(DeclarationError) -> String {
        guard let text = try text(name), !text.isEmpty else { throw wrong(name, "is missing") }
        return text
    }

    package func flag(_ name: String, default fallback: Bool = false) throws(DeclarationError) -> Bool {
        switch value(name) {
        case nil: return fallback
        case .bool(let flag): return flag
        default: throw wrong(name, "must be true or false")
        }
    }

    package func integer(_ name: String) throws(DeclarationError) -> Int64? {
        switch value(name) {
        case nil: return nil
        case .int(let number): return number
        default: throw wrong(name, "must be an integer")
        }
    }

    /// A decimal written as a string or an integer; floating point is refused.
    package func decimal(_ name: String) throws(DeclarationError) -> Decimal? {
        switch value(name) {
        case nil: return nil
        case .int(let number): return Decimal(number)
        case .decimal(let number): return number
        case .string(let text):
            guard let number = try? Decimal(text) else { throw wrong(name, "must be a decimal such as \"0.15\"") }
            return number
        default: throw wrong(name, "must be a decimal written as a string, such as \"0.15\"")
        }
    }

    package func list(_ name: String) throws(DeclarationError) -> [Value] {
        switch value(name) {
        case nil: return []
        case .array(let items): return items
        case .object(let object) where object.count == 0: return []
        default: throw wrong(name, "must be a list")
        }
    }

    package func texts(_ name: String) throws(DeclarationError) -> [String] {
        var result: [String] = []
        for (index, item) in try list(name).enumerated() {
            guard case .string(let text) = item else { throw wrong("\(name)[\(index)]", "must be a string") }
            result.append(text)
        }
        return result
    }

    /// A table with names inside this one, or nil.
    package func table(_ name: String) throws(DeclarationError) -> Declaration? {
        guard let value = value(name) else { return nil }
        return try Declaration(value, file: file, place: path(name))
    }

    /// The names of all members, in the order of the kernel's `pairs`.
    package var names: [String] { object.map(\.key) }

    /// Takes members that others read elsewhere, or that are free.
    package func accept(_ names: String...) {
        seen.names.formUnion(names)
    }

    /// - Throws: `DeclarationError` naming the first member that is not known here.
    package func finish() throws(DeclarationError) {
        for (name, _) in object where !seen.names.contains(name) {
            throw wrong(name, "is not known here")
        }
    }
}

/// A file that runs but does not say what it should.
package struct DeclarationError: ProblemConvertible, Equatable {
    package var file: String
    /// Where in the returned table: `fields[2].max`.
    package var field: String
    package var message: String
    /// The line of the source, where it could be found.
    package var line: Int?

    package init(file: String, field: String, message: String, line: Int? = nil) {
        self.file = file
        self.field = field
        self.message = message
        self.line = line
    }

    package var problem: Problem {
        let at = line.map { "\(file):\($0)" } ?? file
        var extra: [(String, Value)] = [("file", .string(file)), ("message", .string(message))]
        if let line { extra.append(("line", .int(Int64(line)))) }
        return Problem(
            422, "script.contract", "\(at): \(field.isEmpty ? "the returned value" : "“\(field)”") \(message).",
            field: field.isEmpty ? nil : field, extra: extra)
    }
}
