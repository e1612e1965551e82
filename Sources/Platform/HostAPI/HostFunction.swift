import Core
import Scripting

/// A function of the kernel that scripts can call: `record.find`, `ledger.post`.
///
/// The table of them is the single source of what exists, where it is legal, and what it is called.
package final class HostFunction: Sendable {
    package let module: String
    package let name: String
    /// Where it may be called.
    package let phases: PhaseSet
    /// One line for the reference: what it takes and gives.
    package let summary: String
    let body: Body

    enum Body: Sendable {
        case values(@Sendable (HostRun, Arguments) throws -> Value)
        /// For what every sale does many times: straight from and to the bytes that cross.
        case flat(@Sendable (HostRun, inout FlatReader, inout FlatWriter) throws -> Void)
    }

    init(
        _ module: String, _ name: String, _ phases: PhaseSet = .all, _ summary: String,
        _ body: @escaping @Sendable (HostRun, Arguments) throws -> Value
    ) {
        self.module = module
        self.name = name
        self.phases = phases
        self.summary = summary
        self.body = .values(body)
    }

    init(
        _ module: String, _ name: String, _ phases: PhaseSet = .all, _ summary: String,
        flat: @escaping @Sendable (HostRun, inout FlatReader, inout FlatWriter) throws -> Void
    ) {
        self.module = module
        self.name = name
        self.phases = phases
        self.summary = summary
        body = .flat(flat)
    }

    package var qualifiedName: String { "\(module).\(name)" }
}

/// What a script passed, read by position with errors that name the function and the argument.
package struct Arguments {
    let function: String
    let values: [Value]

    func wrong(_ index: Int, _ message: String) -> Problem {
        Problem(422, "script.argument", "\(function): argument \(index + 1) \(message).")
    }

    subscript(index: Int) -> Value { index < values.count ? values[index] : .null }

    func text(_ index: Int) throws -> String {
        guard case .string(let text) = self[index] else { throw wrong(index, "must be a string, not \(self[index].kind)") }
        return text
    }

    func optionalText(_ index: Int) throws -> String? {
        self[index] == .null ? nil : try text(index)
    }

    func integer(_ index: Int) throws -> Int64 {
        guard case .int(let number) = self[index] else { throw wrong(index, "must be an integer, not \(self[index].kind)") }
        return number
    }

    func object(_ index: Int) throws -> Object {
        switch self[index] {
        case .object(let object): return object
        case .array(let items) where items.isEmpty: return Object()
        default: throw wrong(index, "must be a table with names, not \(self[index].kind)")
        }
    }

    func optionalObject(_ index: Int) throws -> Object {
        self[index] == .null ? Object() : try object(index)
    }

    /// A table of options: each is read by its kind, and one that is not known is refused.
    func options(_ index: Int, _ known: String...) throws -> Options {
        let object = try optionalObject(index)
        for (name, _) in object where !known.contains(name) {
            throw wrong(index, "has “\(name)”, which is not known; there are \(known.joined(separator: ", "))")
        }
        return Options(arguments: self, index: index, object: object)
    }

    struct Options {
        let arguments: Arguments
        let index: Int
        let object: Object

        private func value(_ name: String) -> Value? { object[name] == .null ? nil : object[name] }

        private func wrong(_ name: String, _ what: String) -> Problem {
            arguments.wrong(index, "must have \(what) as \(name), not \(object[name]?.kind ?? "nothing")")
        }

        func text(_ name: String) throws -> String? {
            guard let value = value(name) else { return nil }
            guard case .string(let text) = value else { throw wrong(name, "a string") }
            return text
        }

        func integer(_ name: String) throws -> Int64? {
            guard let value = value(name) else { return nil }
            guard case .int(let number) = value else { throw wrong(name, "an integer") }
            return number
        }

        func flag(_ name: String) throws -> Bool? {
            guard let value = value(name) else { return nil }
            guard case .bool(let flag) = value else { throw wrong(name, "true or false") }
            return flag
        }

        func date(_ name: String) throws -> CalendarDate? {
            guard let value = value(name) else { return nil }
            guard case .string(let text) = value, let date = try? CalendarDate(text) else {
                throw wrong(name, "a date such as \"2026-01-31\"")
            }
            return date
        }

        func object(_ name: String) throws -> Object? {
            switch value(name) {
            case nil: return nil
            case .object(let object)?: return object
            case .array(let items)? where items.isEmpty: return Object()
            default: throw wrong(name, "a table with names")
            }
        }

        /// One text, or a list of texts.
        func texts(_ name: String) throws -> [String] {
            switch value(name) {
            case nil: return []
            case .string(let text)?: return [text]
            case .array(let items)?:
                return try items.map { item in
                    guard case .string(let text) = item else { throw wrong(name, "a list of strings") }
                    return text
                }
            default: throw wrong(name, "a string or a list of strings")
            }
        }
    }

    func date(_ index: Int) throws -> CalendarDate {
        guard let date = try? CalendarDate(try text(index)) else { throw wrong(index, "must be a date such as \"2026-01-31\"") }
        return date
    }
}
