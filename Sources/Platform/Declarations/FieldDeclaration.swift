import Core

/// A named and typed place for a value: a field of a record, of a route's input or output, of a rule set or of settings.
///
/// Written in Lua as `{ "price", "money", required = true, min = 0 }`.
package struct FieldDeclaration: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case text
        case integer
        /// An exact number with a fixed count of decimal places.
        case decimal
        /// Minor units of one currency.
        case money
        /// A decimal from 0 to 100 unless bounds say otherwise.
        case percent
        case date
        case instant
        case boolean
        case `enum`
        /// The id of a record of another type.
        case ref
        /// The id of a file in the tenant's database.
        case file
        /// Text that is stored sealed under a key outside of the database, and shown to few.
        case encrypted
        /// Rows that belong to the record and live and die with it.
        case lines
        /// A list of tables (rule sets, input and output).
        case list
        /// A table with names (input and output).
        case object
        /// Any JSON value.
        case json
        /// A Lua function (rule sets).
        case function
    }

    package var name: String
    package var kind: Kind
    package var required = false
    package var unique = false
    package var indexed = false
    package var readOnly = false
    /// The name in JSON, where a published document prescribes another than the field's own.
    package var jsonName: String
    package var fallback: Value?
    package var minimum: Decimal?
    package var maximum: Decimal?
    /// Decimal places kept (0...9).
    package var places = 4
    /// What all of a text must match.
    package var pattern: TextPattern?
    /// Allowed values of an `enum`.
    package var values: [String] = []
    /// The record type that a `ref` points to, or `branch`, `user`, `till`.
    package var target: String?
    package var fields: [FieldDeclaration] = []
    /// What takes to read an `encrypted` field in clear.
    package var permission: String?
    /// The media types of a `file`: `image/png`, `image/*`; any where none is named.
    package var mediaTypes: [String] = []
    package var summary = ""
    package var title: String?
    package var example: Value?
    /// A rule set may give a function of the case instead of the value.
    package var orFunction = false
    /// What a function gets, in its order: kinds, record types, or words for what only the plugin knows. From `takes`, or the
    /// list that `or_function` is.
    package var takes: [FieldDeclaration] = []

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
        jsonName = name
    }
}

extension FieldDeclaration {
    /// Reads a list of `{ name, kind, … }`.
    static func list(_ declaration: Declaration, _ member: String) throws(DeclarationError) -> [FieldDeclaration] {
        var result: [FieldDeclaration] = []
        for (index, item) in try declaration.list(member).enumerated() {
            let field = try FieldDeclaration(item, file: declaration.file, place: declaration.path("\(member)[\(index + 1)]"))
            if result.contains(where: { $0.name == field.name }) {
                throw declaration.wrong("\(member)[\(index + 1)]", "declares “\(field.name)” a second time")
            }
            result.append(field)
        }
        return result
    }

    init(_ value: Value, file: String, place: String) throws(DeclarationError) {
        // In Lua the name and the kind stand first, without keys: the mixed table arrives as an object with "1" and "2".
        guard case .object(let object) = value.keyed else {
            throw DeclarationError(file: file, field: place, message: "must be a field such as { \"name\", \"text\" }")
        }
        let declaration = try Declaration(.object(object), file: file, place: place)
        guard case .string(let name)? = declaration.value("1"), Self.isName(name) else {
            throw declaration.wrong("", "must begin with a name in small letters, digits and underscores")
        }
        guard case .string(let word)? = declaration.value("2"), let kind = Kind(rawValue: word) else {
            let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw declaration.wrong("", "(\(name)) must name its kind second, one of \(kinds)")
        }
        self.init(name: name, kind: kind)
        required = try declaration.flag("required")
        unique = try declaration.flag("unique")
        indexed = try declaration.flag("index")
        readOnly = try declaration.flag("readonly")
        jsonName = try declaration.text("json") ?? name
        summary = try declaration.text("description") ?? ""
        title = try declaration.text("title")
        example = declaration.value("example")
        minimum = try declaration.decimal("min")
        maximum = try declaration.decimal("max")
        declaration.accept("scope", "unit")
        if let function = declaration.value("or_function") {
            orFunction = function != .bool(false)
            takes = try Self.arguments(function, declaration, "or_function")
        }
        if let list = declaration.value("takes") { takes = try Self.arguments(list, declaration, "takes") }
        if let count = try declaration.integer("places") {
            guard (0...9).contains(count) else { throw declaration.wrong("places", "must be from 0 to 9") }
            places = Int(count)
        } else if kind == .percent {
            places = 4
        }
        if let text = try declaration.text("pattern") {
            guard kind == .text || kind == .encrypted else { throw declaration.wrong("pattern", "is for text only") }
            do { pattern = try TextPattern(text) } catch { throw declaration.wrong("pattern", error.message) }
        }
        values = try declaration.texts("values")
        if kind == .enum, values.isEmpty { throw declaration.wrong("values", "is missing: an enum names its values") }
        target = try declaration.text("to")
        try readPrivacy(declaration)
        if kind == .ref, target == nil { throw declaration.wrong("to", "is missing: a ref names the record type it points to") }
        fields = try Self.list(declaration, "fields")
        if kind == .lines, fields.isEmpty { throw declaration.wrong("fields", "is missing: lines name their fields") }
        if kind == .percent {
            minimum = minimum ?? Decimal(0)
            maximum = maximum ?? Decimal(100)
        }
        if let minimum, let maximum, maximum < minimum { throw declaration.wrong("max", "is below min") }
        if let value = declaration.value("default") { fallback = try checkedDefault(value, declaration) }
        try declaration.finish()
    }

    /// What files and encrypted text have of their own.
    private mutating func readPrivacy(_ declaration: Declaration) throws(DeclarationError) {
        permission = try declaration.text("permission")
        mediaTypes = try declaration.texts("types")
        if kind != .encrypted, permission != nil { throw declaration.wrong("permission", "is for encrypted fields only") }
        if kind != .file, !mediaTypes.isEmpty { throw declaration.wrong("types", "is for files only") }
        if kind == .ref, target == "file" { throw declaration.wrong("to", "is \"file\"; a field for files is of the kind file") }
        switch kind {
        case .encrypted:
            if permission == nil { throw declaration.wrong("permission", "is missing: an encrypted field names who may read it") }
            if unique || indexed { throw declaration.wrong(unique ? "unique" : "index", "cannot be: nothing is looked up by an encrypted field") }
            if declaration.value("default") != nil { throw declaration.wrong("default", "cannot be: what stands in a declaration is no secret") }
        case .file:
            if target != nil { throw declaration.wrong("to", "is for references only") }
            if minimum != nil || maximum != nil { throw declaration.wrong(minimum != nil ? "min" : "max", "cannot be for files; the setting files.max_bytes says how large they may be") }
            if unique { throw declaration.wrong("unique", "cannot be for files") }
            // Who may have a file is looked up by it.
            indexed = true
            target = "file"
        default: break
        }
    }

    /// `{ "product", "integer" }`, or fields such as `{ "days", "integer", min = 0 }`.
    private static func arguments(_ value: Value, _ declaration: Declaration, _ member: String) throws(DeclarationError) -> [FieldDeclaration] {
        var arguments: [FieldDeclaration] = []
        for (index, item) in (value.items ?? []).enumerated() {
            switch item {
            case .string(let word):
                var argument = FieldDeclaration(name: word, kind: Kind(rawValue: word) ?? .object)
                if argument.kind == .object, word != Kind.object.rawValue { argument.target = word }
                arguments.append(argument)
            default:
                arguments.append(try FieldDeclaration(item, file: declaration.file, place: declaration.path("\(member)[\(index + 1)]")))
            }
        }
        return arguments
    }

    /// The default as the field's values are, so that what is left out and what is given look the same.
    private func checkedDefault(_ value: Value, _ declaration: Declaration) throws(DeclarationError) -> Value {
        var number: Decimal?
        var result = value
        switch (kind, value) {
        case (.text, .string(let text)):
            number = Decimal(Int64(text.unicodeScalars.count))
            if let pattern, !text.isEmpty, !pattern.matches(text) { throw declaration.wrong("default", "does not look like \(pattern.source)") }
        case (.enum, .string(let word)):
            guard values.contains(word) else { throw declaration.wrong("default", "is “\(word)”, which is not one of the values") }
        case (.integer, .int(let count)), (.ref, .int(let count)): number = Decimal(count)
        case (.decimal, _), (.percent, _):
            number = try declaration.decimal("default")
            guard let number, number.scaled(places: places) != nil else {
                throw declaration.wrong("default", "must have at most \(places) decimal places")
            }
            result = .decimal(number)
        case (.money, .int(let minor)): number = Decimal(minor)
        // Nothing is nothing in any currency.
        case (.money, .string(let text)):
            guard let amount = try? Decimal(text) else { throw declaration.wrong("default", "must be an amount of money") }
            if amount == Decimal(0) { result = .int(0) }
            number = amount
        case (.date, .string(let text)):
            if (try? CalendarDate(text)) == nil { throw declaration.wrong("default", "must be a date such as \"2026-01-31\"") }
        case (.instant, .string(let text)):
            if (try? Instant(text)) == nil { throw declaration.wrong("default", "must be an instant such as \"2026-01-31T09:30:00.000Z\"") }
        case (.boolean, .bool), (.json, _), (.list, .array): break
        default: throw declaration.wrong("default", "is no \(kind.rawValue)")
        }
        if let number, let minimum, number < minimum { throw declaration.wrong("default", "is below min") }
        if let number, let maximum, number > maximum { throw declaration.wrong("default", "is above max") }
        return result
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first >= 97, first <= 122, text.utf8.count <= 63 else { return false }
        return text.utf8.allSatisfy { ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 95 }
    }

    /// The shape of the field's value in JSON.
    package var schema: Schema {
        switch kind {
        // Its bounds are the record's to check: *** stands for what is there.
        case .encrypted: .string()
        case .text:
            .string(
                minLength: required && minimum == nil ? 1 : minimum?.wholeValue ?? 0, maxLength: maximum?.wholeValue ?? 10_000, pattern: pattern)
        case .enum: .string(allowed: values)
        case .integer, .ref, .file:
            .integer(
                minimum: minimum?.wholeValue.map(Int64.init) ?? (kind == .integer ? .min : 1),
                maximum: maximum?.wholeValue.map(Int64.init) ?? .max)
        case .decimal, .percent: bounded(.decimal)
        case .money: bounded(.money)
        case .date: .date
        case .instant: .instant
        case .boolean: .boolean
        case .lines, .list:
            .array(
                fields.isEmpty ? .any : .object(fields.map(\.member)), minItems: minimum?.wholeValue ?? 0,
                maxItems: maximum?.wholeValue ?? 10_000)
        case .object: fields.isEmpty ? .map(.any) : .object(fields.map(\.member))
        case .json, .function: .any
        }
    }

    private func bounded(_ schema: Schema) -> Schema {
        minimum == nil && maximum == nil ? schema : .bounded(schema, minimum: minimum, maximum: maximum)
    }

    package var member: Schema.Member {
        let takesNull = !required && kind != .lines && kind != .list
        return Schema.Member(
            jsonName, takesNull ? .nullable(schema) : schema, required: required && fallback == nil, summary, example: example)
    }
}

extension Decimal {
    /// The value as an `Int`, when it is whole and fits.
    package var wholeValue: Int? {
        guard let whole = try? rounded(places: 0, mode: .down), whole == self else { return nil }
        return Int(exactly: whole.scale == 0 ? whole.coefficient : 0)
    }
}

extension Value {
    /// A list seen as an object with the keys "1", "2", …: how Lua writes mixed tables.
    var keyed: Value {
        guard case .array(let items) = self else { return self }
        var object = Object()
        for (index, item) in items.enumerated() { object[String(index + 1)] = item }
        return .object(object)
    }
}
