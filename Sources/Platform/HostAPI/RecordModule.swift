import Core
import Scripting
import Storage

/// `record`: the rows of record types.
enum RecordModule {
    static let functions: [HostFunction] = [
        HostFunction("record", "find", .all, "find(type, filter): the first record that fits, with its lines, or nil", flat: { run, arguments, results in
            let type = try run.readable("record.find", try run.recordType("record.find", &arguments))
            try run.scope.countRead()
            try run.scope.records.find(type, filter: &arguments, into: &results)
        }),
        HostFunction("record", "list", .all, "list(type, { filter =, order =, limit =, lines = }): the records that fit") { run, arguments in
            let type = try run.readable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            let (query, lines) = try query(arguments)
            return try list(run, type, query, lines: lines)
        },
        HostFunction(
            "record", "each", .all,
            "each(type, { filter =, order =, limit =, lines = }, last): the records that fit and come after the record `last`; the prelude makes an iterator of it"
        ) { run, arguments in
            let type = try run.readable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            var (query, lines) = try query(arguments)
            if arguments[2] != .null {
                let last = try arguments.object(2)
                // Nothing comes after the id in an order, as no two are the same.
                query.after = (query.order.map(\.field) + ["id"]).map { last[$0] ?? .null }
            }
            return page(try list(run, type, query, lines: lines))
        },
        HostFunction("record", "create", .writing, "create(type, values): makes a record; gives its id", flat: { run, arguments, results in
            let type = try run.writable("record.create", try run.recordType("record.create", &arguments))
            results.int(try RecordChanges(run).create(type, from: &arguments))
        }),
        HostFunction("record", "update", .writing, "update(type, id, changes): changes fields; gives the new version", flat: { run, arguments, results in
            let type = try run.writable("record.update", try run.recordType("record.update", &arguments))
            let id = try arguments.readInt()
            // After the changes may come the names of fields that become empty.
            var rest = arguments
            try rest.skip()
            guard rest.tag == .array else { return results.int(try RecordChanges(run).update(type, id: id, from: &arguments)) }
            var changes = try RecordStore.changes(&arguments)
            try arguments.readArray { changes[try $0.readString()] = .null }
            results.int(try RecordChanges(run).update(type, id: id, changes))
        }),
        HostFunction("record", "move", .writing, "move(type, id, state, note): moves to another state; gives the new version") { run, arguments in
            let type = try run.writable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            return .int(
                try RecordChanges(run).move(
                    type, id: try arguments.integer(1), to: try arguments.text(2), note: try arguments.optionalText(3) ?? ""))
        },
        HostFunction("record", "post", .writing, "post(type, id, note): makes the move that posts from the record's state; gives the new version") { run, arguments in
            let type = try run.writable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            return .int(
                try RecordChanges(run).move(type, id: try arguments.integer(1), by: .post, note: try arguments.optionalText(2) ?? ""))
        },
        HostFunction("record", "void", .writing, "void(type, id, note): makes the move that voids from the record's state; gives the new version") { run, arguments in
            let type = try run.writable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            return .int(
                try RecordChanges(run).move(type, id: try arguments.integer(1), by: .void, note: try arguments.optionalText(2) ?? ""))
        },
        HostFunction("record", "restore", .writing, "restore(type, id): brings back what was deleted") { run, arguments in
            let type = try run.writable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            try RecordChanges(run).restore(type, id: try arguments.integer(1))
            return .null
        },
        HostFunction("record", "delete", .writing, "delete(type, id)") { run, arguments in
            let type = try run.writable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            try RecordChanges(run).delete(type, id: try arguments.integer(1))
            return .null
        },
        HostFunction("record", "count", .all, "count(type, filter): how many records fit") { run, arguments in
            let type = try run.readable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            var query = RecordQuery(limit: 1)
            try query.filter(try arguments.optionalObject(1))
            try run.scope.countRead()
            return .int(try run.scope.records.count(type, query))
        },
        HostFunction("record", "sum", .all, "sum(type, field, filter): the field's total over the records that fit, of the field's own kind; zero where there are none") { run, arguments in
            let type = try run.readable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            let field = try arguments.text(1)
            guard let column = type.table.column(field), column.isSummable else {
                throw arguments.wrong(1, "is “\(field)”, which is no integer, decimal, percent or money field of \(type.name)")
            }
            var query = RecordQuery(limit: 1)
            try query.filter(try arguments.optionalObject(2))
            try run.scope.countRead()
            return try run.scope.records.sum(type, column, query)
        },
        HostFunction("record", "reveal", .all, "reveal(type, id, field): an encrypted field in clear, for the plugin that declares the type; nil where it is empty") { run, arguments in
            let type = try run.recordType(arguments.function, named: try arguments.text(0))
            guard run.isTrusted || run.package?.name == type.plugin else {
                throw Problem(
                    403, "script.capability", "record.reveal: the encrypted fields of \(type.name) are for the plugin \(type.plugin) alone.")
            }
            let field = try arguments.text(2)
            guard let column = type.table.column(field), column.field.kind == .encrypted else {
                throw arguments.wrong(2, "is “\(field)”, which is no encrypted field of \(type.name)")
            }
            try run.scope.countRead()
            return try run.scope.records.reveal(type, id: try arguments.integer(1), column).map(Value.string) ?? .null
        },
        HostFunction("record", "schema", .all, "schema(type): its fields, their kinds and bounds, its states and permissions") { run, arguments in
            let type = try run.readable(arguments.function, try run.recordType(arguments.function, named: try arguments.text(0)))
            return RecordDescription.value(type, run.scope.principal, name: \.name)
        },
    ]

    private static func query(_ arguments: Arguments) throws -> (RecordQuery, lines: Bool) {
        let options = try arguments.options(1, "filter", "order", "limit", "lines")
        var query = RecordQuery(limit: Int(try options.integer("limit") ?? 1_000))
        guard (1...10_000).contains(query.limit) else { throw arguments.wrong(1, "must have a limit from 1 to 10,000") }
        if let filter = try options.object("filter") { try query.filter(filter) }
        for key in try options.texts("order") {
            let descending = key.hasPrefix("-")
            query.order.append((descending ? String(key.dropFirst()) : key, descending))
        }
        return (query, try options.flag("lines") ?? false)
    }

    /// About how many bytes of records cross at once.
    private static let pageBytes = 256 << 10

    /// As many of the rows as fit on a page, and true behind them where that is not all.
    private static func page(_ rows: Value) -> Value {
        var bytes = 0
        var page: [Value] = []
        for row in rows.array ?? [] {
            bytes += row.weight
            if bytes > pageBytes, !page.isEmpty { return .array(page + [true]) }
            page.append(row)
        }
        return .array(page)
    }

    private static func list(_ run: HostRun, _ type: RecordType, _ query: RecordQuery, lines: Bool) throws -> Value {
        var query = query
        // One more than the request may still read is enough to tell.
        query.limit = min(query.limit, run.scope.rowsLeft + 1)
        return .array(try run.scope.records.list(type, query, lines: lines) { try run.scope.countRead(rows: $0) }.map(Value.object))
    }
}

extension HostRun {
    fileprivate func readable(_ function: String, _ type: RecordType) throws -> RecordType {
        guard !isTrusted, let package, type.plugin != package.name else { return type }
        if package.manifest.readableTypes.contains(type.name) || package.manifest.writableTypes.contains(type.name) {
            try requireRight(type.readPermission, to: "read", type, by: function)
            return type
        }
        throw Problem(
            403, "script.capability",
            "\(function): the plugin \(package.name) has no capability to read \(type.name). Name it in capabilities.record.read.")
    }

    fileprivate func writable(_ function: String, _ type: RecordType) throws -> RecordType {
        if isTrusted { return type }
        if let package, type.plugin == package.name || package.manifest.writableTypes.contains(type.name) {
            if type.plugin != package.name { try requireRight(type.writePermission, to: "write", type, by: function) }
            return type
        }
        throw Problem(
            403, "script.capability",
            "\(function): the plugin \(package?.name ?? "(a rule file)") has no capability to write \(type.name). Name it in capabilities.record.write.")
    }

    fileprivate func recordType(_ function: String, named name: String) throws -> RecordType {
        guard let type = scope.revision.recordType(name) else {
            throw Problem(422, "script.argument", "\(function): argument 1 is “\(name)”, which is no record type here.")
        }
        return type
    }

    /// The record type whose name comes next.
    fileprivate func recordType(_ function: String, _ reader: inout FlatReader) throws -> RecordType {
        let name = FlatKey(bytes: try reader.readUTF8())
        let plugins = scope.revision.plugins
        if let place = plugins.typePlaces.place(of: name) { return plugins.typesByName[place] }
        return try recordType(function, named: name.string)
    }
}

extension Value {
    /// About how many bytes it takes to cross.
    fileprivate var weight: Int {
        switch self {
        case .string(let text): 5 + text.utf8.count
        case .array(let items): items.reduce(8) { $0 + $1.weight }
        case .object(let object): object.reduce(8) { $0 + $1.key.utf8.count + $1.value.weight }
        default: 10
        }
    }
}
