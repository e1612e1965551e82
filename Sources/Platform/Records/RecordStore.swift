import Core
import Storage

/// Reads and writes the rows of record types on one connection.
package struct RecordStore {
    let db: Connection
    /// The tenant's currency, in which its records' money is.
    let currency: Currency
    let userID: Int64
    /// Time of the change, as kept in the rows.
    let at: String
    /// Under what encrypted fields are sealed.
    let seal: RecordSeal?

    package init(_ db: Connection, currency: Currency, now: Instant, userID: Int64, seal: RecordSeal? = nil) {
        self.seal = seal
        self.db = db
        self.currency = currency
        self.userID = userID
        at = now.description
    }

    /// Inserts a record and its lines.
    /// - Returns: the new row's id.
    /// - Throws: 422 `record.invalid` with every fault at once; 409 `record.not_unique`; 422 `record.reference_unknown`.
    package func insert(_ type: RecordType, _ values: Object) throws -> Int64 {
        var faults: [Schema.Fault] = []
        let table = type.table
        refuseUnknown(values, table, place: "", &faults)
        let statement = try db.statement(table.isSealed ? table.insertWithID : table.insert)
        defer { statement.reset() }
        let ownID = try table.isSealed ? nextID(table) : 0
        if table.isSealed { statement.bind(1, ownID) }
        try bind(table, values, to: statement, from: table.isSealed ? 2 : 1, place: "", id: ownID, &faults)
        var id: Int64?
        if faults.isEmpty {
            let next = Int32(table.columns.count + (table.isSealed ? 1 : 0))
            statement.bind(next + 1, at)
            statement.bind(next + 2, userID)
            statement.bind(next + 3, at)
            try translating(type, table, values) { try statement.run() }
            id = db.lastInsertRowID
        }
        for (field, table) in table.lines { try insertLines(type, field, table, of: id, values[field.name] ?? .null, &faults) }
        guard let id, faults.isEmpty else { throw Problem.invalidRecord(type, faults) }
        return id
    }

    /// - Parameter id: of the record; nil to look only, so that all that is wrong is told at once.
    private func insertLines(
        _ type: RecordType, _ field: FieldDeclaration, _ table: RecordTable, of id: Int64?, _ given: Value, _ faults: inout [Schema.Fault]
    ) throws {
        guard let rows = given.lines else {
            faults.append(Schema.Fault(field: field.name, code: "type", message: "must be a list"))
            return
        }
        field.check(lines: rows.count, &faults)
        let statement = try db.statement(table.insert)
        defer { statement.reset() }
        for (index, row) in rows.enumerated() {
            let place = "\(field.name)[\(index)]"
            guard let line = row.members else {
                faults.append(Schema.Fault(field: place, code: "type", message: "must be a table"))
                continue
            }
            refuseUnknown(line, table, place: "\(place).", &faults)
            try bind(table, line, to: statement, from: 3, place: "\(place).", id: 0, &faults)
            guard let id, faults.isEmpty else { continue }
            statement.bind(1, id)
            statement.bind(2, Int64(index + 1))
            try translating(type, table, line, place: "\(place).") { try statement.run() }
            statement.reset()
        }
    }

    /// Changes the named fields of a record.
    /// - Parameter version: the version that the caller has seen; nil to change whatever is there.
    /// - Returns: the new version.
    /// - Throws: 404 `record.not_found`, 409 `record.append_only`, 412 `record.version_conflict`, and as `insert`.
    @discardableResult
    package func update(_ type: RecordType, id: Int64, _ changes: Object, version: Int64? = nil) throws -> Int64 {
        if type.appendOnly {
            throw Problem(409, "record.append_only", "A \(type.title.lowercased()) is never changed once it is made.")
        }
        var faults: [Schema.Fault] = []
        let table = type.table
        refuseUnknown(changes, table, place: "", &faults)
        var set: [(RecordColumn, RecordColumn.Stored)] = []
        for column in table.columns {
            guard let given = changes[column.field.name] else { continue }
            if given == .null, column.field.isNeverEmpty {
                faults.append(Schema.Fault(field: column.field.name, code: "required", message: "must not be empty"))
            } else if let value = column.stored(given, currency: currency, place: column.field.name, &faults) {
                set.append((column, try sealed(value, column, table, id)))
            }
        }
        // Lines are looked at before anything is written.
        let lines = table.lines.filter { changes[$0.field.name] != nil }
        for (field, table) in lines { try insertLines(type, field, table, of: nil, changes[field.name] ?? .null, &faults) }
        guard faults.isEmpty else { throw Problem.invalidRecord(type, faults) }
        let statement = try db.statement(type.update(of: set.map(\.0.sql)))
        defer { statement.reset() }
        statement.bind(1, id)
        statement.bind(2, at)
        for (index, (column, value)) in set.enumerated() { column.bind(value, to: statement, at: Int32(index + 3)) }
        if let version, let current = try self.version(type, id: id), current != version {
            throw Problem(412, "record.version_conflict", "The \(type.title.lowercased()) has been changed since you read it (version \(current), not \(version)). Read it again.")
        }
        let result = try translating(type, table, changes) { try statement.step() ? statement.int64(0) : nil }
        guard let result else { throw Problem.noRecord(type, id) }
        for (field, table) in lines {
            try db.run(table.delete, id)
            try insertLines(type, field, table, of: id, changes[field.name] ?? .null, &faults)
        }
        return result
    }

    /// - Throws: 404 `record.not_found`, 409 `record.append_only` or `record.in_use`.
    package func delete(_ type: RecordType, id: Int64) throws {
        if type.appendOnly {
            throw Problem(409, "record.append_only", "A \(type.title.lowercased()) is never deleted.")
        }
        do {
            if type.softDelete { try db.run(type.table.delete, id, at) } else { try db.run(type.table.delete, id) }
        } catch {
            guard case .constraint(let violation) = error, violation.kind == .foreignKey else { throw error }
            throw Problem(409, "record.in_use", "Other records point to this \(type.title.lowercased()), so it stays.")
        }
        if db.changes == 0 { throw Problem.noRecord(type, id) }
    }

    /// Brings back a record that was deleted, as it was.
    /// - Throws: 404 `record.not_found` where none was deleted, 409 `record.not_unique` where another has taken its place.
    package func restore(_ type: RecordType, id: Int64) throws {
        guard type.softDelete else { throw Problem.noRecord(type, id) }
        try translating(type, type.table, Object()) { try db.run(type.table.restore, id, at) }
        if db.changes == 0 { throw Problem.noRecord(type, id) }
    }

    package func version(_ type: RecordType, id: Int64) throws -> Int64? {
        let statement = try db.statement(type.table.select)
        defer { statement.reset() }
        statement.bind(1, id)
        return try statement.step() ? statement.int64(1) : nil
    }

    /// The record with all its fields and lines, or nil.
    /// - Parameter deleted: one that was deleted and can be brought back.
    package func find(_ type: RecordType, id: Int64, deleted: Bool = false) throws -> Object? {
        let statement = try db.statement(deleted ? type.table.selectDeleted : type.table.select)
        defer { statement.reset() }
        statement.bind(1, id)
        guard try statement.step() else { return nil }
        return try object(type, statement, lines: true)
    }

    /// The rows that a query finds, without lines unless asked for.
    /// - Parameter count: told how many rows were read, lines included, after each record.
    package func list(
        _ type: RecordType, _ query: RecordQuery, lines: Bool = false, count: (Int) throws -> Void = { _ in }
    ) throws -> [Object] {
        let statement = try db.statement(try type.select(query))
        defer { statement.reset() }
        try query.bind(type, to: statement, currency: currency)
        var rows: [Object] = []
        while try statement.step() {
            let row = try object(type, statement, lines: lines)
            if lines { try count(type.rows(of: row)) }
            rows.append(row)
        }
        if !lines { try count(max(1, rows.count)) }
        return rows
    }

    /// How many rows the query's conditions fit.
    package func count(_ type: RecordType, _ query: RecordQuery) throws -> Int64 {
        let statement = try db.statement(try type.count(query))
        defer { statement.reset() }
        try query.bind(type, to: statement, currency: currency, limited: false)
        return try statement.step() ? statement.int64(0) : 0
    }

    /// The total of a column over the rows that fit the query's conditions, of the column's kind.
    /// - Throws: 422 `record.sum_overflow` where it is beyond 64 bits.
    func sum(_ type: RecordType, _ column: RecordColumn, _ query: RecordQuery) throws -> Value {
        let statement = try db.statement(try type.sum(column, query))
        defer { statement.reset() }
        try query.bind(type, to: statement, currency: currency, limited: false)
        let failure = Self.failure(of: statement)
        if let failure {
            guard case .statement(_, let message, _) = failure, message.contains("integer overflow") else { throw failure }
            throw Problem(422, "record.sum_overflow", "The sum of “\(column.field.name)” is beyond what can be counted.", field: column.field.name)
        }
        return column.value(statement, 0, currency: currency)
    }

    /// Steps, and tells what went wrong.
    private static func failure(of statement: Statement) -> StorageError? {
        do throws(StorageError) {
            _ = try statement.step()
            return nil
        } catch {
            return error
        }
    }

    private func object(_ type: RecordType, _ statement: Statement, lines: Bool) throws -> Object {
        var row = Object()
        let id = statement.int64(0)
        row.append("id", .int(id))
        row.append("version", .int(statement.int64(1)))
        row.append("created_at", .string(statement.text(2)))
        row.append("created_by", .int(statement.int64(3)))
        row.append("updated_at", .string(statement.text(4)))
        for (index, column) in type.table.columns.enumerated() {
            row.append(column.field.name, column.value(statement, Int32(index + RecordTable.systemColumns), currency: currency))
        }
        if lines {
            for (field, table) in type.table.lines { row.append(field.name, .array(try lineObjects(table, of: id))) }
        }
        return row
    }

    private func lineObjects(_ table: RecordTable, of id: Int64) throws -> [Value] {
        let statement = try db.statement(table.select)
        defer { statement.reset() }
        statement.bind(1, id)
        var rows: [Value] = []
        while try statement.step() {
            var row = Object()
            for (index, column) in table.columns.enumerated() {
                row.append(column.field.name, column.value(statement, Int32(index), currency: currency))
            }
            rows.append(.object(row))
        }
        return rows
    }

    private func bind(
        _ table: RecordTable, _ values: Object, to statement: Statement, from first: Int32, place: String, id: Int64,
        _ faults: inout [Schema.Fault]
    ) throws {
        for (index, column) in table.columns.enumerated() {
            let name = column.field.name
            if let value = column.stored(values[name], currency: currency, place: "\(place)\(name)", &faults) {
                column.bind(try sealed(value, column, table, id), to: statement, at: first + Int32(index))
            }
        }
    }

    private func refuseUnknown(_ values: Object, _ table: RecordTable, place: String, _ faults: inout [Schema.Fault]) {
        for (name, _) in values where !table.fields.contains(where: { $0.name == name }) {
            faults.append(Schema.Fault(field: place + name, code: "unknown", message: "is not a field that can be set"))
        }
    }

    /// Constraint failures as problems of the record.
    private func translating<Result>(
        _ type: RecordType, _ table: RecordTable, _ values: Object, place: String = "", _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as StorageError {
            throw refusal(error, type, table, values, place: place)
        }
    }
}
