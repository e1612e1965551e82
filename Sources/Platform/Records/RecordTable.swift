import Core
import Scripting
import Storage

/// The table behind a record type or behind its lines: columns, the SQL that makes them, and the statements used on them.
package final class RecordTable: Sendable {
    package struct Index: Sendable, Equatable {
        package let fields: [String]
        package let unique: Bool
        /// Only rows with these values are in it.
        package var filter: [Condition] = []

        package struct Condition: Sendable, Equatable {
            package let field: String
            package let value: Value
        }
    }

    package let name: String
    package let fields: [FieldDeclaration]
    /// Fields that have a column of their own, in order.
    package let columns: [RecordColumn]
    /// The same, uncounted: a record's values are bound and written column by column.
    private let uncounted: [Unmanaged<RecordColumn>]
    /// Where the columns are, by their fields' names.
    let places: FieldIndex
    /// Fields that are rows in a table of their own.
    package let lines: [(field: FieldDeclaration, table: RecordTable)]
    /// Where they are, by their names.
    let linePlaces: FieldIndex
    /// How many of each a record may have.
    let lineCounts: [ClosedRange<Int>]
    package let indexes: [Index]
    package let isLines: Bool
    package let softDelete: Bool
    package let appendOnly: Bool

    /// `INSERT INTO …`: the columns, then created_at, created_by, updated_at; for lines the parent's id, the line number and the columns.
    package let insert: SQL
    /// Rows by id; for lines, all rows of a parent in order.
    package let select: SQL
    /// Rows by id that were deleted and can be brought back.
    package let selectDeleted: SQL
    package let restore: SQL
    package let delete: SQL
    package let selectList: String
    /// As `insert`, with the id before the columns: what is sealed is sealed for its row.
    let insertWithID: SQL
    /// Whether it has encrypted columns.
    let isSealed: Bool
    /// Whether it, or its lines, refer to files.
    let hasFiles: Bool

    convenience init(
        name: String, fields: [FieldDeclaration], indexes: [Index], softDelete: Bool, appendOnly: Bool, declaration: Declaration
    ) throws(DeclarationError) {
        try self.init(
            name: name, fields: fields, indexes: indexes, softDelete: softDelete, appendOnly: appendOnly, isLines: false,
            declaration: declaration)
    }

    private init(
        name: String, fields: [FieldDeclaration], indexes: [Index], softDelete: Bool, appendOnly: Bool, isLines: Bool,
        declaration: Declaration
    ) throws(DeclarationError) {
        self.name = name
        self.fields = fields
        self.indexes = indexes
        self.isLines = isLines
        self.softDelete = softDelete
        self.appendOnly = appendOnly
        var columns: [RecordColumn] = []
        var lines: [(FieldDeclaration, RecordTable)] = []
        for field in fields {
            if Self.reserved.contains(field.name) {
                throw declaration.wrong("fields", "declares “\(field.name)”, which every record has already")
            }
            switch field.kind {
            case .lines:
                if isLines { throw declaration.wrong("fields", "(\(field.name)) has lines within lines") }
                let table = try RecordTable(
                    name: "\(Self.singular(name))_\(field.name)", fields: field.fields, indexes: [], softDelete: false,
                    appendOnly: appendOnly, isLines: true, declaration: declaration)
                lines.append((field, table))
            case .encrypted where isLines:
                throw declaration.wrong("fields", "(\(field.name)) is encrypted, which lines cannot have; put it into the record itself")
            case .list, .object, .function:
                throw declaration.wrong("fields", "(\(field.name)) is a \(field.kind.rawValue), which a record does not have; use lines or json")
            default:
                columns.append(RecordColumn(field))
            }
        }
        self.columns = columns
        uncounted = columns.map(Unmanaged.passUnretained)
        places = FieldIndex(columns.map(\.key))
        self.lines = lines
        linePlaces = FieldIndex(lines.map(\.0.name))
        lineCounts = lines.map(\.0.lineCounts)
        for index in indexes {
            for field in index.fields where !columns.contains(where: { $0.field.name == field }) {
                throw declaration.wrong("indexes", "name “\(field)”, which is not a field with a column")
            }
            for condition in index.filter where columns.first(where: { $0.field.name == condition.field })?.condition(condition.value) == nil {
                throw declaration.wrong("indexes", "have a condition on “\(condition.field)” that no index can have")
            }
        }
        let names = columns.map(\.sql)
        hasFiles = columns.contains { $0.field.kind == .file } || lines.contains { $0.1.hasFiles }
        isSealed = columns.contains { $0.field.kind == .encrypted }
        if isLines {
            let all = ["parent_id", "line_number"] + names
            insert = SQL("INSERT INTO \(name) (\(all.joined(separator: ", "))) VALUES (\(Self.marks(all.count)))")
            selectList = names.joined(separator: ", ")
            select = SQL("SELECT \(selectList) FROM \(name) WHERE parent_id = ?1 ORDER BY line_number")
            delete = SQL("DELETE FROM \(name) WHERE parent_id = ?1")
            selectDeleted = select
            restore = delete
            insertWithID = insert
        } else {
            let all = names + ["created_at", "created_by", "updated_at"]
            insert = SQL("INSERT INTO \(name) (\(all.joined(separator: ", "))) VALUES (\(Self.marks(all.count)))")
            insertWithID = SQL("INSERT INTO \(name) (id, \(all.joined(separator: ", "))) VALUES (\(Self.marks(all.count + 1)))")
            selectList = (["id", "version", "created_at", "created_by", "updated_at"] + names).joined(separator: ", ")
            select = SQL("SELECT \(selectList) FROM \(name) WHERE id = ?1\(softDelete ? " AND deleted_at IS NULL" : "")")
            selectDeleted = SQL("SELECT \(selectList) FROM \(name) WHERE id = ?1 AND deleted_at IS NOT NULL")
            restore = SQL("UPDATE \(name) SET deleted_at = NULL, updated_at = ?2, version = version + 1 WHERE id = ?1 AND deleted_at IS NOT NULL")
            delete =
                softDelete
                ? SQL("UPDATE \(name) SET deleted_at = ?2, updated_at = ?2, version = version + 1 WHERE id = ?1 AND deleted_at IS NULL")
                : SQL("DELETE FROM \(name) WHERE id = ?1")
        }
    }

    /// What every record has beside its declared fields, in the order of `selectList`.
    static let systemFields = ["id", "version", "created_at", "created_by", "updated_at"]
    /// Columns before the declared ones in `selectList`.
    static let systemColumns = 5
    static let reserved: Set<String> = ["id", "version", "created_at", "created_by", "updated_at", "deleted_at", "parent_id", "line_number"]

    /// This table with further fields.
    func adding(_ more: [FieldDeclaration], _ declaration: Declaration) throws(DeclarationError) -> RecordTable {
        try RecordTable(
            name: name, fields: fields + more, indexes: indexes, softDelete: softDelete, appendOnly: appendOnly, declaration: declaration)
    }

    /// Lends a column for the length of `body`; the table holds it.
    @inline(__always)
    func with<Result>(column place: Int, _ body: (RecordColumn) throws -> Result) rethrows -> Result {
        try uncounted[place]._withUnsafeGuaranteedRef(body)
    }

    package func column(_ field: String) -> RecordColumn? {
        columns.first { $0.field.name == field }
    }

    private static func marks(_ count: Int) -> String {
        (1...count).map { "?\($0)" }.joined(separator: ", ")
    }

    private static func singular(_ plural: String) -> String {
        plural.hasSuffix("s") ? String(plural.dropLast()) : plural
    }
}

/// One column of a record's table, and how its values go in and come out.
package final class RecordColumn: Sendable {
    package let field: FieldDeclaration
    /// The field's name; `<name>_minor` for money and `<name>_id` for references.
    package let name: String
    /// The name as SQL takes it: quoted where it is one of SQL's own words.
    let sql: String
    /// What one unit is as a stored integer, for decimals: 10^places.
    package let places: Int
    /// The field's name in bytes.
    let key: [UInt8]
    /// The bounds of what is stored.
    let lowest: Int64
    let highest: Int64
    /// The most bytes that text surely may have; longer ones are counted in characters.
    let longest: Int
    /// The values of an enum.
    let allowed: FieldIndex
    /// What is left out is stored as nothing.
    let isOptional: Bool
    private let free: RecordColumn?

    /// The column for comparing: bounds and requiredness say nothing about what one may look for.
    var unbounded: RecordColumn { free ?? self }

    init(_ field: FieldDeclaration) {
        self.field = field
        places = field.places
        key = Array(field.name.utf8)
        let scale = field.kind == .decimal || field.kind == .percent ? field.places : 0
        // A bound finer than what is stored is checked the long way.
        lowest = field.minimum.map { $0.scaled(places: scale) ?? .max } ?? .min
        highest = field.maximum.map { $0.scaled(places: scale) ?? .min } ?? .max
        // Text with a pattern always goes the long way.
        longest = field.pattern == nil ? field.maximum?.wholeValue ?? 10_000 : -1
        allowed = FieldIndex(field.values)
        isOptional = !field.required && field.fallback == nil
        if field.minimum != nil || field.maximum != nil || field.required || field.pattern != nil {
            var loose = field
            loose.pattern = nil
            loose.minimum = nil
            loose.maximum = nil
            loose.required = false
            free = RecordColumn(loose)
        } else {
            free = nil
        }
        switch field.kind {
        case .money: name = "\(field.name)_minor"
        case .ref, .file: name = "\(field.name)_id"
        case .encrypted: name = "\(field.name)_sealed"
        default: name = field.name
        }
        sql = SQLWords.all.contains(name) ? "\"\(name)\"" : name
    }
}
