import Core
import Glibc
import Scripting
import Storage

/// Reading and writing records straight between SQLite's rows and the flat values of scripts.
extension RecordStore {
    /// Writes the first record that fits the filter which comes next in `reader`, with its lines, or nil.
    func find(_ type: RecordType, filter reader: inout FlatReader, into writer: inout FlatWriter) throws {
        let start = reader
        if let statement = try boundByEquality(type, &reader) {
            defer { statement.reset() }
            guard try statement.step() else { return writer.null() }
            return try write(type, statement, to: &writer)
        }
        reader = start
        var query = RecordQuery(limit: 1)
        guard reader.tag == .map || reader.tag == .empty else {
            throw FlatError.mismatch(expected: "a filter such as { sku = \"A-1\" }", found: reader.tag)
        }
        try query.filter(try reader.readValue().object ?? Object())
        writer.write(try list(type, query, lines: true).first.map(Value.object) ?? .null)
    }

    /// The statement for a filter of plain equalities, bound; nil when the filter says more than that.
    private func boundByEquality(_ type: RecordType, _ reader: inout FlatReader) throws -> Statement? {
        guard reader.tag == .map else { return nil }
        let count = try reader.readMapHeader()
        // Keys come sorted, so equal sets of fields give equal masks and equal orders.
        var look = reader
        var mask: UInt64 = 0
        for _ in 0..<count {
            let key = try look.readKey()
            guard let bit = type.table.bit(of: key), Self.isPlain(look.tag) else { return nil }
            if bit > 0, !type.table.columns[bit - 1].isSearchable { return nil }
            mask |= 1 << bit
            try look.skip()
        }
        let statement = try db.statement(type.selectFirst(mask))
        var index: Int32 = 1
        for _ in 0..<count {
            let key = try reader.readKey()
            if key == "id" {
                guard reader.tag == .int else { statement.reset(); return nil }
                statement.bind(index, try reader.readInt())
            } else if let column = type.table.column(of: key) {
                var faults: [Schema.Fault] = []
                try column.unbounded.bind(&reader, to: statement, at: index, currency: currency, place: column.field.name, &faults)
                if let fault = faults.first { throw RecordQuery.wrong(fault.message, column.field.name) }
            }
            index += 1
        }
        return statement
    }

    private static func isPlain(_ tag: FlatTag) -> Bool {
        switch tag {
        case .int, .string, .true, .false, .decimal, .money: true
        default: false
        }
    }

    private func write(_ type: RecordType, _ statement: Statement, to writer: inout FlatWriter) throws {
        let table = type.table
        let id = statement.int64(0)
        writer.beginMap(RecordTable.systemColumns + table.columns.count + table.lines.count)
        writer.key("id")
        writer.int(id)
        writer.key("version")
        writer.int(statement.int64(1))
        writer.key("created_at")
        statement.withText(2) { writer.string(utf8: UnsafeRawBufferPointer($0)) }
        writer.key("created_by")
        writer.int(statement.int64(3))
        writer.key("updated_at")
        statement.withText(4) { writer.string(utf8: UnsafeRawBufferPointer($0)) }
        write(table, statement, from: Int32(RecordTable.systemColumns), to: &writer)
        for place in table.lines.indices {
            writer.key(table.lines[place].field.name)
            try write(table.lines[place].table, of: id, to: &writer)
        }
    }

    private func write(_ table: RecordTable, _ statement: Statement, from first: Int32, to writer: inout FlatWriter) {
        for index in 0..<table.columns.count {
            table.with(column: index) { column in
                column.key.withUnsafeBytes { writer.key(utf8: $0) }
                column.write(statement, first + Int32(index), currency: currency, to: &writer)
            }
        }
    }

    private func write(_ table: RecordTable, of id: Int64, to writer: inout FlatWriter) throws {
        let statement = try db.statement(table.select)
        defer { statement.reset() }
        statement.bind(1, id)
        let mark = writer.openArray()
        var count = 0
        while try statement.step() {
            writer.beginMap(table.columns.count)
            write(table, statement, from: 0, to: &writer)
            count += 1
        }
        writer.close(mark, count: count)
    }

    /// Inserts the record whose values come next in `reader`, with its lines.
    /// - Returns: its id, and how many rows were written.
    /// - Throws: as `insert`.
    func insert(_ type: RecordType, from reader: inout FlatReader) throws -> (id: Int64, rows: Int) {
        var faults: [Schema.Fault] = []
        let table = type.table
        let start = reader
        let statement = try db.statement(table.insert)
        defer { statement.reset() }
        var lines: [(place: Int, at: FlatReader)] = []
        try bind(table, &reader, to: statement, from: 1, place: "", &faults) { key, value in
            guard let place = table.linePlaces.place(of: key) else { return false }
            if value.tag != .null { lines.append((place, value)) }
            return true
        }
        guard faults.isEmpty else {
            // All that is wrong is told at once, so the lines are looked at too.
            for line in lines { _ = try insertLines(type, line.place, of: nil, line.at, &faults) }
            throw Problem.invalidRecord(type, faults)
        }
        let next = Int32(table.columns.count)
        statement.bind(next + 1, at)
        statement.bind(next + 2, userID)
        statement.bind(next + 3, at)
        do { _ = try statement.step() } catch {
            var again = start
            throw refusal(error, type, table, try again.readValue().object ?? Object())
        }
        let id = db.lastInsertRowID
        var rows = 1
        for line in lines { rows += try insertLines(type, line.place, of: id, line.at, &faults) }
        for place in table.lines.indices where !table.lineCounts[place].contains(0) && !lines.contains(where: { $0.place == place }) {
            table.lines[place].field.check(lines: 0, &faults)
        }
        guard faults.isEmpty else { throw Problem.invalidRecord(type, faults) }
        return (id, rows)
    }

    /// - Parameter id: of the record; nil to look only.
    private func insertLines(
        _ type: RecordType, _ place: Int, of id: Int64?, _ given: FlatReader, _ faults: inout [Schema.Fault]
    ) throws -> Int {
        let table = type.table.lines[place].table
        var name: String { type.table.lines[place].field.name }
        var reader = given
        guard reader.tag == .array || reader.tag == .empty else {
            faults.append(Schema.Fault(field: name, code: "type", message: "must be a list"))
            return 0
        }
        let statement = try db.statement(table.insert)
        defer { statement.reset() }
        let count = try reader.readArrayHeader()
        if !type.table.lineCounts[place].contains(count) { type.table.lines[place].field.check(lines: count, &faults) }
        for index in 0..<count {
            guard reader.tag == .map || reader.tag == .empty else {
                faults.append(Schema.Fault(field: "\(name)[\(index)]", code: "type", message: "must be a table"))
                try reader.skip()
                continue
            }
            var row = reader
            try bind(table, &reader, to: statement, from: 3, place: "\(name)[\(index)].", &faults) { _, _ in false }
            guard let id, faults.isEmpty else { continue }
            statement.bind(1, id)
            statement.bind(2, Int64(index + 1))
            do { _ = try statement.step() } catch {
                throw refusal(error, type, table, try row.readValue().object ?? Object(), place: "\(name)[\(index)].")
            }
            statement.reset()
        }
        return count
    }

    /// Binds every column of a table from the map that comes next; `other` says whether a key without a column is known.
    private func bind(
        _ table: RecordTable, _ reader: inout FlatReader, to statement: Statement, from first: Int32, place: @autoclosure () -> String,
        _ faults: inout [Schema.Fault], other: (FlatKey, FlatReader) -> Bool
    ) throws {
        var seen: UInt64 = 0
        for _ in 0..<(try reader.readMapHeader()) {
            let key = try reader.readKey()
            guard let bit = table.bit(of: key), bit > 0 else {
                if !other(key, reader) {
                    faults.append(Schema.Fault(field: place() + key.string, code: "unknown", message: "is not a field that can be set"))
                }
                try reader.skip()
                continue
            }
            // What is nil counts as left out.
            if reader.readNull() { continue }
            seen |= 1 << bit
            try table.with(column: bit - 1) { column in
                try column.bind(
                    &reader, to: statement, at: first + Int32(bit - 1), currency: currency, place: place() + column.field.name, &faults)
            }
        }
        for index in 0..<table.columns.count where seen & (1 << (index + 1)) == 0 {
            let column = table.columns[index]
            if column.isOptional {
                statement.bindNull(first + Int32(index))
            } else if let stored = column.stored(nil, currency: currency, place: place() + column.field.name, &faults) {
                column.bind(stored, to: statement, at: first + Int32(index))
            }
        }
    }

    /// Changes the fields that come next in `reader`.
    /// - Returns: the new version.
    func update(_ type: RecordType, id: Int64, from reader: inout FlatReader) throws -> Int64 {
        if type.appendOnly || reader.tag != .map { return try update(type, id: id, try Self.changes(&reader)) }
        let start = reader
        let count = try reader.readMapHeader()
        var look = reader
        var mask: UInt64 = 0
        for _ in 0..<count {
            let key = try look.readKey()
            guard let bit = type.table.bit(of: key), bit > 0, look.tag != .null else {
                reader = start
                return try update(type, id: id, try Self.changes(&reader))
            }
            mask |= 1 << bit
            try look.skip()
        }
        let statement = try db.statement(type.update(mask))
        defer { statement.reset() }
        var faults: [Schema.Fault] = []
        statement.bind(1, id)
        statement.bind(2, at)
        for index in 0..<count {
            if let column = type.table.column(of: try reader.readKey()) {
                try column.bind(&reader, to: statement, at: Int32(index + 3), currency: currency, place: column.field.name, &faults)
            }
        }
        guard faults.isEmpty else { throw Problem.invalidRecord(type, faults) }
        do {
            guard try statement.step() else { throw Problem.noRecord(type, id) }
        } catch let error as StorageError {
            var again = start
            throw refusal(error, type, type.table, try again.readValue().object ?? Object())
        }
        return statement.int64(0)
    }
}

extension RecordStore {
    /// A table of changes as a tree.
    static func changes(_ reader: inout FlatReader) throws -> Object {
        guard reader.tag == .map || reader.tag == .empty else {
            throw FlatError.mismatch(expected: "a table with named fields", found: reader.tag)
        }
        return try reader.readValue().object ?? Object()
    }
}

extension FieldDeclaration {
    /// How many lines a record may have.
    var lineCounts: ClosedRange<Int> {
        let least = max(0, minimum?.wholeValue ?? (required ? 1 : 0))
        return least...max(least, maximum?.wholeValue ?? .max)
    }

    /// Whether a record may have so many lines.
    func check(lines count: Int, _ faults: inout [Schema.Fault]) {
        let least = minimum?.wholeValue ?? (required ? 1 : 0)
        if count < least {
            faults.append(Schema.Fault(field: name, code: count == 0 ? "required" : "too_few", message: "must have at least \(least) line\(least == 1 ? "" : "s")"))
        }
        if let most = maximum?.wholeValue, count > most {
            faults.append(Schema.Fault(field: name, code: "too_many", message: "must have at most \(most) lines"))
        }
    }
}

extension RecordTable {
    /// So many fields that masks of 64 bits do not do.
    var isWide: Bool { columns.count > 62 || lines.contains { $0.table.columns.count > 62 } }

    /// The number of a field in masks: 0 for `id`, else one more than its column's place; nil for what has no column here or
    /// lies beyond the 63rd.
    func bit(of key: FlatKey) -> Int? {
        if let place = places.place(of: key) { return place < 62 ? place + 1 : nil }
        return !isLines && key == "id" ? 0 : nil
    }

    func column(of key: FlatKey) -> RecordColumn? {
        places.place(of: key).map { columns[$0] }
    }
}

extension FlatKey {
    static func == (key: FlatKey, name: [UInt8]) -> Bool {
        name.withUnsafeBytes { key.equals($0) }
    }

    private func equals(_ name: UnsafeRawBufferPointer) -> Bool {
        guard let one = bytes.baseAddress, let other = name.baseAddress, name.count > 0 else { return bytes.count == name.count }
        return bytes.count == name.count && memcmp(one, other, name.count) == 0
    }

    static func == (key: FlatKey, name: String) -> Bool {
        name.withBytes { key.equals($0) }
    }
}

extension RecordType {
    /// The first row with these fields equal to ?1, ?2, … in the order of their names.
    func selectFirst(_ mask: UInt64) -> SQL {
        statements.statement(mask) {
            let terms = names(mask).enumerated().map { "\($1) = ?\($0 + 1)" } + (table.softDelete ? ["deleted_at IS NULL"] : [])
            let filter = terms.isEmpty ? "" : " WHERE \(terms.joined(separator: " AND "))"
            return "SELECT \(table.selectList) FROM \(table.name)\(filter) ORDER BY id LIMIT 1"
        }
    }

    /// The UPDATE of these fields: ?1 the id, ?2 the time, then the fields in the order of their names; answers the new version.
    func update(_ mask: UInt64) -> SQL {
        statements.statement(mask | 1 << 63) {
            let set = names(mask).enumerated().map { "\($1) = ?\($0 + 3)" } + ["updated_at = ?2", "version = version + 1"]
            let live = table.softDelete ? " AND deleted_at IS NULL" : ""
            return "UPDATE \(table.name) SET \(set.joined(separator: ", ")) WHERE id = ?1\(live) RETURNING version"
        }
    }

    /// Column names in the order in which flat maps bring their fields: bytewise.
    private func names(_ mask: UInt64) -> [String] {
        var fields: [(field: String, column: String)] = mask & 1 != 0 ? [("id", "id")] : []
        for (index, column) in table.columns.enumerated() where index < 62 && mask & (1 << (index + 1)) != 0 {
            fields.append((column.field.name, column.sql))
        }
        return fields.sorted { $0.field < $1.field }.map(\.column)
    }
}
