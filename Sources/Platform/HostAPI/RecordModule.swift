import Core
import Scripting
import Storage

/// `record`: the rows of record types.
enum RecordModule {
    static let functions: [HostFunction] = [
        HostFunction("record", "find", .all, "find(type, filter): the first record that fits, with its lines, or nil", flat: { run, arguments, results in
            let type = try run.readable("record.find", try arguments.readString())
            try run.scope.countRead()
            try run.scope.records.find(type, filter: &arguments, into: &results)
        }),
        HostFunction("record", "list", .all, "list(type, { filter =, order =, limit =, lines = }): the records that fit") { run, arguments in
            let type = try run.readable(arguments.function, try arguments.text(0))
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
        HostFunction("record", "create", .writing, "create(type, values): makes a record; gives its id", flat: { run, arguments, results in
            let type = try run.writable("record.create", try arguments.readString())
            results.int(try RecordChanges(run.scope).create(type, from: &arguments))
        }),
        HostFunction("record", "update", .writing, "update(type, id, changes): changes fields; gives the new version", flat: { run, arguments, results in
            let type = try run.writable("record.update", try arguments.readString())
            let id = try arguments.readInt()
            results.int(try RecordChanges(run.scope).update(type, id: id, from: &arguments))
        }),
        HostFunction("record", "delete", .writing, "delete(type, id)") { run, arguments in
            let type = try run.writable(arguments.function, try arguments.text(0))
            try RecordChanges(run.scope).delete(type, id: try arguments.integer(1))
            return .null
        },
        HostFunction("record", "count", .all, "count(type, filter): how many records fit") { run, arguments in
            let type = try run.readable(arguments.function, try arguments.text(0))
            var query = RecordQuery(limit: 1)
            try query.filter(try arguments.optionalObject(1))
            try run.scope.countRead()
            return .int(try run.scope.records.count(type, query))
        },
    ]
}

extension HostRun {
    fileprivate func readable(_ function: String, _ name: String) throws -> RecordType {
        let type = try recordType(function, name)
        if type.plugin != package?.name, let package, !package.manifest.readableTypes.contains(type.name),
            !package.manifest.writableTypes.contains(type.name)
        {
            throw Problem(
                403, "script.capability",
                "\(function): the plugin \(package.name) has no capability to read \(type.name). Name it in capabilities.record.read.")
        }
        return type
    }

    fileprivate func writable(_ function: String, _ name: String) throws -> RecordType {
        let type = try recordType(function, name)
        if type.plugin != package?.name, package?.manifest.writableTypes.contains(type.name) != true {
            throw Problem(
                403, "script.capability",
                "\(function): the plugin \(package?.name ?? "(a rule file)") has no capability to write \(type.name). Name it in capabilities.record.write.")
        }
        return type
    }

    private func recordType(_ function: String, _ name: String) throws -> RecordType {
        guard let type = scope.revision.recordType(name) else {
            throw Problem(422, "script.argument", "\(function): argument 1 is “\(name)”, which is no record type here.")
        }
        return type
    }
}
