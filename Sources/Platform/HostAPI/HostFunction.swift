import Core
import Scripting

/// A function of the kernel that scripts can call: `record.find`, `ledger.post`.
///
/// The table of them is the single source of what exists, where it is legal, and what it is called.
package struct HostFunction: Sendable {
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

    func date(_ index: Int) throws -> CalendarDate {
        guard let date = try? CalendarDate(try text(index)) else { throw wrong(index, "must be a date such as \"2026-01-31\"") }
        return date
    }
}
