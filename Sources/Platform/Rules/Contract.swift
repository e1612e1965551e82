import Core
import Scripting

/// The shape of a kind of rule set: which fields with which types, units and bounds, and how one is chosen for a case.
///
/// A plugin declares it in `contracts/<name>.lua`; every file that names it in `contract = …` is checked against it before
/// it may be saved as a version that runs.
package struct Contract: Sendable {
    /// `pos.payments`
    package let id: String
    package let title: String
    /// The member that tells rule sets of this contract apart: `id`, `business_type`.
    package let key: String
    /// The key of the rule set that serves when none has the key asked for.
    package let fallback: String?
    package let fields: [FieldDeclaration]
    /// Which file declared it, for messages.
    package let file: String

    /// - Parameter value: what `contracts/<name>.lua` returned.
    package init(_ value: Value, file: String) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        self.file = file
        id = try declaration.requiredText("id")
        title = try declaration.text("title") ?? id
        let key = try declaration.text("key") ?? "id"
        self.key = key.split(separator: ".").last.map(String.init) ?? key
        fallback = try declaration.text("fallback")
        fields = try FieldDeclaration.list(dottedNames: declaration, "fields")
        declaration.accept("check")
        try declaration.finish()
    }

    package init(id: String, title: String, key: String, fallback: String?, fields: [FieldDeclaration]) {
        self.id = id
        self.title = title
        self.key = key
        self.fallback = fallback
        self.fields = fields
        file = "kernel"
    }

    /// Checks what a rule file returned and fills in defaults.
    ///
    /// - Parameters:
    ///   - value: the returned table, functions as `.function` markers.
    ///   - source: the file's text, to find the line of a fault.
    /// - Returns: the values, with defaults, and the dotted paths of the functions.
    /// - Throws: `DeclarationError` with the first fault: file, line, field, message.
    package func read(_ value: Value, file: String, source: String) throws(DeclarationError) -> (values: Object, functions: [String]) {
        guard case .object(let object) = value else {
            throw DeclarationError(file: file, field: "", message: "must return a table", line: 1)
        }
        var reader = Reader(file: file, locator: SourceLocator(source))
        var values = try reader.read(object, fields, at: "", free: ["contract", "title"])
        values["contract"] = .string(id)
        if let title = object["title"] { values["title"] = title }
        return (values, reader.functions)
    }

    private struct Reader {
        let file: String
        let locator: SourceLocator
        var functions: [String] = []

        func wrong(_ place: String, _ message: String) -> DeclarationError {
            DeclarationError(file: file, field: place, message: message, line: locator.line(of: place))
        }

        mutating func read(_ object: Object, _ fields: [FieldDeclaration], at place: String, free: Set<String>) throws(DeclarationError) -> Object {
            var result = Object()
            // Fields may have dotted names (`fees.late_fee`): those with the same head make one table.
            var heads: [String] = []
            for field in fields {
                let head = field.name.split(separator: ".").first.map(String.init) ?? field.name
                if !heads.contains(head) { heads.append(head) }
            }
            for (name, _) in object where !heads.contains(name) && !free.contains(name) {
                throw wrong(join(place, name), "is not known here; there are \(heads.joined(separator: ", "))")
            }
            for head in heads {
                let here = join(place, head)
                if let field = fields.first(where: { $0.name == head }) {
                    if let value = try read(object[head], field, at: here) { result[head] = value }
                    continue
                }
                let inner = fields.filter { $0.name.hasPrefix(head + ".") }.map { field in
                    var short = field
                    short.name = String(field.name.dropFirst(head.utf8.count + 1))
                    return short
                }
                switch object[head] {
                case nil, .null: result[head] = .object(try read(Object(), inner, at: here, free: []))
                case .object(let table): result[head] = .object(try read(table, inner, at: here, free: []))
                default: throw wrong(here, "must be a table")
                }
            }
            return result
        }

        mutating func read(_ value: Value?, _ field: FieldDeclaration, at place: String) throws(DeclarationError) -> Value? {
            guard let value = value ?? field.fallback, value != .null else {
                if field.required { throw wrong(place, "is missing") }
                return nil
            }
            if value.isScriptFunction {
                guard field.kind == .function || field.orFunction else { throw wrong(place, "must be a \(field.kind.rawValue), not a function") }
                functions.append(place)
                return nil
            }
            switch field.kind {
            case .function:
                throw wrong(place, "must be a function")
            case .list, .lines:
                guard let items = value.items else { throw wrong(place, "must be a list") }
                if let minimum = field.minimum?.wholeValue, items.count < minimum {
                    throw wrong(place, "must have at least \(minimum) entr\(minimum == 1 ? "y" : "ies")")
                }
                if field.fields.isEmpty { return .array(items) }
                var result: [Value] = []
                for (index, item) in items.enumerated() {
                    let here = "\(place)[\(index + 1)]"
                    guard case .object(let table) = item.keyed else { throw wrong(here, "must be a table") }
                    result.append(.object(try read(table, field.fields, at: here, free: [])))
                }
                return .array(result)
            case .object:
                guard case .object(let table) = value else { throw wrong(place, "must be a table") }
                return field.fields.isEmpty ? value : .object(try read(table, field.fields, at: place, free: []))
            case .money:
                if case .double = value { throw wrong(place, "is a floating-point number; write money as a string such as \"10.00\"") }
                return value
            default:
                if case .double = value, field.kind == .decimal || field.kind == .percent {
                    throw wrong(place, "is a floating-point number; write it as a string such as \"0.15\"")
                }
                var faults: [Schema.Fault] = []
                let checked = field.schema.check(value, at: place, currency: nil, &faults)
                if let fault = faults.first { throw wrong(place, fault.message) }
                try checkBounds(checked, field, place)
                return checked
            }
        }

        private func checkBounds(_ value: Value, _ field: FieldDeclaration, _ place: String) throws(DeclarationError) {
            guard case .decimal(let number) = value else { return }
            if let minimum = field.minimum, number < minimum { throw wrong(place, "must be at least \(minimum)") }
            if let maximum = field.maximum, number > maximum { throw wrong(place, "must be at most \(maximum)") }
        }

        private func join(_ place: String, _ name: String) -> String {
            place.isEmpty ? name : "\(place).\(name)"
        }
    }
}

extension Value {
    /// A list's items; a table without members counts as an empty list.
    var items: [Value]? {
        switch self {
        case .array(let items): items
        case .object(let object) where object.count == 0: []
        default: nil
        }
    }
}

extension FieldDeclaration {
    /// As `list`, but a name may have dots: `fees.late_fee_amount`.
    static func list(dottedNames declaration: Declaration, _ member: String) throws(DeclarationError) -> [FieldDeclaration] {
        var result: [FieldDeclaration] = []
        for (index, item) in try declaration.list(member).enumerated() {
            let place = declaration.path("\(member)[\(index)]")
            guard case .object(var object) = item.keyed, case .string(let name)? = object["1"] else {
                throw DeclarationError(file: declaration.file, field: place, message: "must be a field such as { \"fees.late\", \"money\" }")
            }
            let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.allSatisfy(isName) else {
                throw DeclarationError(file: declaration.file, field: place, message: "must begin with a name such as \"fees.late\"")
            }
            object["1"] = .string(parts[parts.count - 1])
            var field = try FieldDeclaration(.object(object), file: declaration.file, place: place)
            field.name = name
            result.append(field)
        }
        return result
    }
}
