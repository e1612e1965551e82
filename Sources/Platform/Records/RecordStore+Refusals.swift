import Core
import Storage

extension RecordStore {
    /// What the caller is told when the database refuses a row.
    func refusal(_ error: StorageError, _ type: RecordType, _ table: RecordTable, _ values: Object, place: String = "") -> any Error {
        guard case .constraint(let violation) = error else { return error }
        switch violation.kind {
        case .unique:
            let names = violation.columns.map { column in table.columns.first { $0.name == column }?.field.name ?? column }
            return Problem(
                409, "record.not_unique", "There is a \(type.title.lowercased()) with the same \(names.joined(separator: ", ")) already.",
                field: names.first)
        case .foreignKey:
            let field = try? unknownReference(table, values)
            let what = field.map { "“\(place)\($0)” points" } ?? "A field points"
            return Problem(
                422, "record.reference_unknown", "\(what) to a record that is not there.", field: field.map { place + $0 })
        default:
            return error
        }
    }

    private static let selectReferences = SQL("SELECT \"from\", \"table\" FROM pragma_foreign_key_list(?1)")

    /// The field whose record is not there.
    private func unknownReference(_ table: RecordTable, _ values: Object) throws -> String? {
        let references = try db.query(Self.selectReferences, table.name) { (column: $0.text(0), table: $0.text(1)) }
        for reference in references {
            let field = table.columns.first { $0.name == reference.column }?.field.name ?? ""
            guard case .int(let id)? = values[field] else { continue }
            let found = try db.first(SQL("SELECT 1 FROM \(reference.table) WHERE id = ?1"), id) { $0.int(0) }
            if found == nil { return field }
        }
        return nil
    }
}

extension FieldDeclaration {
    /// There is always a value: the field demands one, or has one for those that give none.
    var isNeverEmpty: Bool { required || fallback != nil }
}

extension Problem {
    static func invalidRecord(_ type: RecordType, _ faults: [Schema.Fault]) -> Problem {
        var problem = Problem.invalid(faults)
        problem = Problem(
            422, "record.invalid", "\(type.title): \(problem.detail)", field: problem.field, extra: problem.extra)
        return problem
    }

    static func noRecord(_ type: RecordType, _ id: Int64) -> Problem {
        Problem(404, "record.not_found", "There is no \(type.title.lowercased()) \(id) here.")
    }
}

extension RecordType {
    /// How many rows a record is, lines included.
    func rows(of record: Object) -> Int {
        var rows = 1
        for (field, _) in table.lines { rows += record[field.name]?.array?.count ?? 0 }
        return rows
    }
}

extension Value {
    /// The members of a table; one without members counts, whatever it was taken for.
    var members: Object? {
        switch self {
        case .object(let object): object
        case .array(let items) where items.isEmpty: Object()
        default: nil
        }
    }

    /// The rows of a list; nothing is a list without rows.
    var lines: [Value]? { self == .null ? [] : items }
}
