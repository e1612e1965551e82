import Core
import Storage

/// Seals the encrypted fields of a tenant's records: XChaCha20-Poly1305 under the tenant's key, which opens by the
/// installation's, and that is not in the database. What is sealed for one tenant, table, column and row does not open in another;
/// a copy of the whole database opens, here.
package struct RecordSeal: Sendable {
    /// What stands for a value that is there and not shown.
    static let mask = "***"

    private let box: TenantBox

    init(_ tenant: Tenant) {
        box = tenant.box
    }

    private func context(_ column: RecordColumn, _ table: RecordTable, _ id: Int64) -> String {
        "record:\(table.name).\(column.name)/\(id)"
    }

    func seal(_ text: String, _ column: RecordColumn, _ table: RecordTable, _ id: Int64) throws -> [UInt8] {
        try box.seal(text, context: context(column, table, id))
    }

    /// nil where it was sealed under another key, or somewhere else.
    func open(_ sealed: [UInt8], _ column: RecordColumn, _ table: RecordTable, _ id: Int64) -> String? {
        try? box.openText(sealed, context: context(column, table, id))
    }
}

extension RecordStore {
    /// The value as it goes into the column: text of an encrypted field sealed for its row.
    func sealed(_ value: RecordColumn.Stored, _ column: RecordColumn, _ table: RecordTable, _ id: Int64) throws -> RecordColumn.Stored {
        guard column.field.kind == .encrypted, case .text(let text) = value else { return value }
        guard let seal else { throw Problem(500, "internal.error", "Encrypted fields need a key.") }
        return .bytes(try seal.seal(text, column, table, id))
    }

    /// The id that the next row gets.
    func nextID(_ table: RecordTable) throws -> Int64 {
        try db.integer(SQL("SELECT coalesce(max(id), 0) + 1 FROM \(table.name)"))
    }

    /// An encrypted field in clear; nil where it is empty.
    /// - Throws: 404 `record.not_found`; 503 `record.unreadable` where the key is another than the one it was sealed under.
    func reveal(_ type: RecordType, id: Int64, _ column: RecordColumn) throws -> String? {
        let found = try db.first(SQL("SELECT \(column.sql) FROM \(type.table.name) WHERE id = ?1"), id) { $0.isNull(0) ? nil : $0.bytes(0) }
        guard let found else { throw Problem.noRecord(type, id) }
        guard let sealed = found else { return nil }
        guard let text = seal?.open(sealed, column, type.table, id) else {
            throw Problem(
                503, "record.unreadable",
                "“\(column.field.name)” of this \(type.title.lowercased()) was sealed under a key that is not here. Put keys/secrets.key of the installation that sealed it into DATA/keys and start again, or enter the value anew.",
                field: column.field.name)
        }
        return text
    }

    /// The record with those encrypted fields in clear that the principal may read.
    func revealing(_ type: RecordType, _ record: Object, to principal: Principal) throws -> Object {
        guard type.table.isSealed, let id = record["id"]?.int else { return record }
        var result = record
        for column in type.table.sealedColumns where record[column.field.name] != .null && column.field.permission.map(principal.may) == true {
            result[column.field.name] = try reveal(type, id: id, column).map(Value.string) ?? .null
        }
        return result
    }
}

extension RecordTable {
    var sealedColumns: [RecordColumn] { isSealed ? columns.filter { $0.field.kind == .encrypted } : [] }
}

extension RecordType {
    /// Takes the clear text of encrypted fields out of the values and puts `***` there, which is what hooks and the audit trail
    /// see. `***` itself stands for what is there already.
    /// - Parameter isNew: nothing is there already.
    func takeClear(_ values: inout Object, isNew: Bool) throws -> Object {
        var clear = Object()
        for column in table.sealedColumns {
            let name = column.field.name
            guard let value = values[name], value != .null else { continue }
            if value == .string(RecordSeal.mask) {
                if isNew { throw Problem.invalidRecord(self, [Schema.Fault(field: name, code: "not_allowed", message: "must be the value itself")]) }
                values[name] = nil
            } else {
                clear[name] = value
                values[name] = .string(RecordSeal.mask)
            }
        }
        return clear
    }

    /// Puts the clear text back where nobody has put something else.
    func putClear(_ clear: Object, into values: inout Object) {
        for (name, value) in clear where values[name] == .string(RecordSeal.mask) { values[name] = value }
    }

    /// A value as others may see it.
    func shown(_ name: String, _ value: Value) -> Value {
        value != .null && table.column(name)?.field.kind == .encrypted ? .string(RecordSeal.mask) : value
    }
}
