import Core
import Scripting

/// `file`: files in the tenant's database, and comma-separated values.
enum FileModule {
    /// The most bytes that cross to a script at once.
    private static let mostAtOnce: Int64 = 512 << 10
    private static let mostRows = 10_000

    static let functions: [HostFunction] = [
        HostFunction(
            "file", "read", .all, "read(id, { offset =, length = }): name, type, size, sha256, created_at and its bytes, or base64 where they are no text; at most 512 KiB at once",
            flat: { run, arguments, results in
                let rest = try Arguments(function: "file.read", values: arguments.readAll())
                let options = try rest.options(1, "offset", "length")
                let id = try rest.integer(0)
                let files = StoredFiles(run.scope.database)
                try run.scope.countRead()
                guard let file = try files.find(id), try run.maySee(file) else { throw StoredFiles.unknown(id) }
                let offset = try options.integer("offset") ?? 0, length = try options.integer("length")
                guard offset >= 0, length ?? 0 >= 0 else { throw rest.wrong(1, "must have an offset and a length from 0") }
                let count = length ?? max(0, file.size - offset)
                guard count <= mostAtOnce else {
                    throw Problem(
                        422, "file.too_large",
                        "file.read: \(count) bytes are more than cross at once. Read it in parts: { offset = 0, length = \(mostAtOnce) }.")
                }
                let bytes = try files.bytes(of: file, offset: offset, count: count)
                results.beginMap(7)
                results.key("id")
                results.int(file.id)
                for (key, text): (String, String) in [("name", file.name), ("type", file.mediaType), ("sha256", file.sha256), ("created_at", file.createdAt)] {
                    results.key(key)
                    results.string(text)
                }
                results.key("size")
                results.int(file.size)
                // What crosses is UTF-8; other bytes go as text for them.
                let isText = String(validating: bytes, as: UTF8.self) != nil
                results.key(isText ? "bytes" : "base64")
                if isText { bytes.withUnsafeBytes { results.string(utf8: $0) } } else { results.string(Base64.encode(bytes)) }
            }),
        HostFunction(
            "file", "create", .writing, "create{ name =, bytes = or base64 =, type = }: keeps a file, for a day unless a record refers to it; gives id, name, type, size, sha256",
            flat: { run, arguments, results in
                var name: String?, type = ""
                var bytes: [UInt8]?
                var wrong: String?
                try arguments.readMap { key, value in
                    if key == "name" {
                        name = try value.readString()
                    } else if key == "type" {
                        type = try value.readString()
                    } else if key == "bytes" {
                        bytes = Array(try value.readUTF8())
                    } else if key == "base64" {
                        bytes = Base64.decode(try value.readString())
                        if bytes == nil { wrong = "what is no base64" }
                    } else {
                        wrong = key.string
                    }
                }
                func refuse(_ what: String) -> Problem { Problem(422, "script.argument", "file.create: argument 1 \(what).") }
                if let wrong { throw refuse("knows name, bytes, base64 and type, not “\(wrong)”") }
                guard let name, !name.isEmpty, let bytes else { throw refuse("must have a name, and bytes or base64") }
                try run.scope.countWritten()
                let file = try StoredFiles(run.scope.database).add(
                    name: name, type: type, bytes: bytes, plugin: run.package?.name ?? "", by: run.scope.principal.userID, at: run.scope.now)
                let made: Value = [
                    "id": .int(file.id), "name": .string(file.name), "type": .string(file.mediaType), "size": .int(file.size),
                    "sha256": .string(file.sha256),
                ]
                results.write(made)
            }),
        HostFunction(
            "file", "csv", .all, "csv(rows, { columns =, header = }): text of comma-separated values, of lists or of tables with these columns"
        ) { (_: HostRun, arguments: Arguments) throws -> Value in
            guard let rows = arguments[0].items else { throw arguments.wrong(0, "must be a list of rows") }
            guard rows.count <= mostRows else { throw arguments.wrong(0, "has more than \(mostRows) rows") }
            let options = try arguments.options(1, "columns", "header")
            let columns = try options.texts("columns")
            var bytes: [UInt8] = []
            if try options.flag("header") ?? !columns.isEmpty {
                guard !columns.isEmpty else { throw arguments.wrong(1, "must have columns where it has a header") }
                bytes += CSV.row(columns.map(CSV.guarded))
            }
            for (index, row) in rows.enumerated() {
                if case .object(let object) = row {
                    guard !columns.isEmpty else { throw arguments.wrong(1, "must name the columns, as row \(index + 1) is a table with names") }
                    bytes += CSV.row(columns.map { RecordEndpoints.cell(object[$0]) })
                } else {
                    guard let cells = row.items else { throw arguments.wrong(0, "must have lists or tables as rows; row \(index + 1) is none") }
                    bytes += CSV.row(cells.map { RecordEndpoints.cell($0) })
                }
            }
            return .string(String(decoding: bytes, as: UTF8.self))
        },
        HostFunction(
            "file", "parse_csv", .all, "parse_csv(text, { header = }): the rows, as tables by the names in the first row; as lists with header = false"
        ) { (_: HostRun, arguments: Arguments) throws -> Value in
            let text = try arguments.text(0)
            let options = try arguments.options(1, "header")
            let rows: [CSV.Row]
            do throws(CSV.Fault) {
                rows = try CSV.parse(Array(text.utf8), limit: mostRows + 1)
            } catch {
                throw Problem(422, "file.csv", "Line \(error.line) of the text \(error.message).", extra: [("line", .int(Int64(error.line)))])
            }
            func value(_ cell: String) -> Value { .string(CSV.unguarded(cell)) }
            guard try options.flag("header") ?? true else { return .array(rows.map { .array($0.cells.map(value)) }) }
            guard let names = rows.first?.cells else { return .array([]) }
            guard Set(names).count == names.count else { throw Problem(422, "file.csv", "The first row names a column twice.") }
            return .array(
                try rows.dropFirst().map { row in
                    guard row.cells.count == names.count else {
                        throw Problem(
                            422, "file.csv", "Line \(row.line) of the text has \(row.cells.count) cells, and the first row has \(names.count).",
                            extra: [("line", .int(Int64(row.line)))])
                    }
                    return .object(Object(zip(names, row.cells).map { ($0, value($1)) }))
                })
        },
    ]
}

extension HostRun {
    /// Whether the code that runs may have the file.
    func maySee(_ file: StoredFile) throws -> Bool {
        if isTrusted { return true }
        guard let package else { return false }
        return try FileAccess(db: scope.database, plugins: scope.revision.plugins).isVisible(file, to: package)
    }
}
