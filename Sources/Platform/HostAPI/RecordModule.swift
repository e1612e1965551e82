import Core
import Storage

/// `record`: the rows of record types.
enum RecordModule {
    static let functions: [HostFunction] = [
        HostFunction("record", "find", .all, "find(type, filter): the first record that fits, with its lines, or nil") { run, arguments in
            let type = try run.readable(arguments)
            let filter = try arguments.object(1)
            try run.scope.countRead()
            if filter.count == 1, case .int(let id)? = filter["id"] {
                return try run.scope.records.find(type, id: id).map(Value.object) ?? .null
            }
            var query = RecordQuery(limit: 1)
            try query.filter(filter)
            return try run.scope.records.list(type, query, lines: true).first.map(Value.object) ?? .null
        },
        HostFunction("record", "list", .all, "list(type, { filter =, order =, limit =, lines = }): the records that fit") { run, arguments in
            let type = try run.readable(arguments)
            let options = try arguments.optionalObject(1)
            var query = RecordQuery(limit: Int(options["limit"]?.int ?? 1_000))
            guard (1...10_000).contains(query.limit) else { throw arguments.wrong(1, "must have a limit from 1 to 10,000") }
            if let filter = options["filter"]?.object { try query.filter(filter) }
            for key in options["order"]?.array?.compactMap(\.string) ?? options["order"]?.string.map({ [$0] }) ?? [] {
                let descending = key.hasPrefix("-")
                query.order.append((descending ? String(key.dropFirst()) : key, descending))
            }
            let rows = try run.scope.records.list(type, query, lines: options["lines"]?.bool ?? false)
            try run.scope.countRead(rows: max(1, rows.count))
            return .array(rows.map(Value.object))
        },
        HostFunction("record", "create", .writing, "create(type, values): makes a record; gives its id") { run, arguments in
            let type = try run.writable(arguments)
            let values = try arguments.object(1)
            return .int(try RecordChanges(run.scope).create(type, values))
        },
        HostFunction("record", "update", .writing, "update(type, id, changes): changes fields; gives the new version") { run, arguments in
            let type = try run.writable(arguments)
            return .int(try RecordChanges(run.scope).update(type, id: try arguments.integer(1), try arguments.object(2)))
        },
        HostFunction("record", "delete", .writing, "delete(type, id)") { run, arguments in
            let type = try run.writable(arguments)
            try RecordChanges(run.scope).delete(type, id: try arguments.integer(1))
            return .null
        },
        HostFunction("record", "count", .all, "count(type, filter): how many records fit") { run, arguments in
            let type = try run.readable(arguments)
            var query = RecordQuery(limit: 1)
            try query.filter(try arguments.optionalObject(1))
            try run.scope.countRead()
            return .int(try run.scope.records.count(type, query))
        },
    ]
}

extension HostRun {
    fileprivate func readable(_ arguments: Arguments) throws -> RecordType {
        let type = try recordType(arguments)
        if type.plugin != package?.name, package != nil, !grants("read", type.name), !grants("write", type.name) {
            throw Problem(
                403, "script.capability",
                "\(arguments.function): the plugin \(package?.name ?? "") has no capability to read \(type.name). Name it in capabilities.record.read.")
        }
        return type
    }

    fileprivate func writable(_ arguments: Arguments) throws -> RecordType {
        let type = try recordType(arguments)
        if type.plugin != package?.name, !grants("write", type.name) {
            throw Problem(
                403, "script.capability",
                "\(arguments.function): the plugin \(package?.name ?? "(a rule file)") has no capability to write \(type.name). Name it in capabilities.record.write.")
        }
        return type
    }

    private func recordType(_ arguments: Arguments) throws -> RecordType {
        let name = try arguments.text(0)
        guard let type = scope.revision.recordType(name) else {
            throw arguments.wrong(0, "is “\(name)”, which is no record type here")
        }
        return type
    }

    private func grants(_ verb: String, _ type: String) -> Bool {
        package?.manifest.capabilities["record"]?[verb]?.array?.contains(.string(type)) ?? false
    }
}
