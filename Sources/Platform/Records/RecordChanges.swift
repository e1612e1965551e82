import Core
import Scripting
import Storage

/// Changes of records with all that belongs to them: hooks before and after, the audit row, and the budget of the request.
///
/// The one way in which rows of record types change, from REST and from scripts alike.
struct RecordChanges {
    let scope: RunScope
    /// Whose code makes the change; nil for a person.
    let package: PluginPackage?
    /// For tests, which may use everything.
    let isTrusted: Bool

    init(_ scope: RunScope, isTrusted: Bool = false) {
        self.scope = scope
        package = nil
        self.isTrusted = isTrusted
    }

    init(_ run: HostRun) {
        scope = run.scope
        package = run.package
        isTrusted = run.isTrusted
    }

    private var plugins: InstalledPlugins { scope.revision.plugins }

    func create(_ type: RecordType, _ given: Object) throws -> Int64 {
        try whole(type) {
            var values = given
            let clear = try type.takeClear(&values, isNew: true)
            if !clear.isEmpty { scope.isConfidential = true }
            try checkFiles(type, values, before: nil, by: package)
            try checkState(type, values, old: nil)
            try takeNumber(type, &values)
            for phase in [Phase.defaults, .beforeSave, .compute, .validate] { try runHooks(type, phase, &values, old: nil) }
            try checkState(type, values, old: nil)
            try scope.countWritten(rows: 1 + type.table.lines.reduce(0) { $0 + (values[$1.field.name]?.array?.count ?? 0) })
            type.putClear(clear, into: &values)
            let id = try scope.records.insert(type, values)
            scope.made(type, id)
            if type.audited {
                try Audit.append(
                    scope.database, scope.actor, "\(type.name).created", object: (type.name, id), after: .object(type.facts(values)))
            }
            if hasHooks(type, .afterSave), var saved = try scope.records.find(type, id: id) {
                try runHooks(type, .afterSave, &saved, old: nil)
            }
            try Events.changed(type, id, "created", scope)
            return id
        }
    }

    /// As `create`, from the table that comes next in `reader`.
    func create(_ type: RecordType, from reader: inout FlatReader) throws -> Int64 {
        guard reader.tag == .map, !type.table.isWide, !type.table.isSealed, !type.table.hasFiles, type.number == nil, type.state == nil, !plugins.hasHooks(on: type.name) else {
            return try create(type, try RecordStore.changes(&reader))
        }
        let start = reader
        return try whole(type) {
            var values = start
            let (id, rows) = try scope.records.insert(type, from: &values)
            scope.made(type, id)
            try scope.countWritten(rows: rows)
            if type.audited {
                var facts = start
                try Audit.append(
                    scope.database, scope.actor, "\(type.name).created", object: (type.name, String(id)), beforeText: nil,
                    afterText: try type.facts(&facts))
            }
            return id
        }
    }

    /// As `update`, with the changes that come next in `reader`.
    func update(_ type: RecordType, id: Int64, from reader: inout FlatReader) throws -> Int64 {
        if type.audited || type.state != nil || type.table.isSealed || type.table.hasFiles || plugins.hasHooks(on: type.name) {
            return try update(type, id: id, try RecordStore.changes(&reader))
        }
        try scope.countWritten()
        scope.changed(type, id, fields: nil)
        return try scope.records.update(type, id: id, from: &reader)
    }

    func update(_ type: RecordType, id: Int64, _ given: Object, version: Int64? = nil, moving: Bool = false) throws -> Int64 {
        try whole(type) {
            let phases = [Phase.beforeSave, .compute, .validate]
            let isHooked = phases.contains { hasHooks(type, $0) }
            let needsOld = type.audited || type.state != nil || type.table.hasFiles || isHooked
            let old = needsOld ? try scope.records.find(type, id: id) : nil
            if needsOld, old == nil { throw Problem.noRecord(type, id) }
            var changes = given
            let clear = try type.takeClear(&changes, isNew: false)
            if !clear.isEmpty { scope.isConfidential = true }
            if let old { try checkFiles(type, changes, before: old, by: package) }
            if let old, isHooked {
                var whole = old
                for (name, value) in changes { whole[name] = value }
                for phase in phases { try runHooks(type, phase, &whole, old: old) }
                // What a hook took back of what was given counts as well.
                for field in type.fields where changes[field.name] != nil || !Value.same(whole[field.name], old[field.name]) {
                    changes[field.name] = whole[field.name] ?? .null
                }
            }
            type.putClear(clear, into: &changes)
            if let old, !moving { try checkState(type, changes, old: old) }
            // What is as it was is not written, and leaves no trace.
            if let old, version == nil { changes = Object(changes.filter { !Value.same($0.value, old[$0.key]) || old[$0.key] == nil }) }
            if let old, !moving, changes.count > 0 { try checkOpen(type, old) }
            if changes.count == 0, let current = try old?["version"]?.int ?? scope.records.version(type, id: id) { return current }
            try scope.countWritten(rows: 1 + changes.reduce(0) { $0 + ($1.value.array?.count ?? 0) })
            let result = try scope.records.update(type, id: id, changes, version: version)
            scope.changed(type, id, fields: changes.map(\.key))
            if type.audited, let old {
                var before = Object()
                var after = Object()
                for (name, value) in changes where old[name] != value {
                    before[name] = old[name] ?? .null
                    after[name] = type.shown(name, value)
                }
                try Audit.append(
                    scope.database, scope.actor, "\(type.name).updated", object: (type.name, id), before: .object(before), after: .object(after))
            }
            if hasHooks(type, .afterSave), var saved = try scope.records.find(type, id: id) {
                try runHooks(type, .afterSave, &saved, old: old)
            }
            try Events.changed(type, id, "updated", scope)
            return result
        }
    }

    func delete(_ type: RecordType, id: Int64) throws {
        try whole(type) {
            guard let old = try scope.records.find(type, id: id) else { throw Problem.noRecord(type, id) }
            try checkOpen(type, old)
            var values = old
            try runHooks(type, .beforeDelete, &values, old: old)
            try scope.countWritten()
            try scope.records.delete(type, id: id)
            if type.audited {
                try Audit.append(
                    scope.database, scope.actor, "\(type.name).deleted", object: (type.name, id), before: .object(type.facts(old)))
            }
            try Events.changed(type, id, "deleted", scope)
        }
    }

    /// Brings back a record that was deleted.
    func restore(_ type: RecordType, id: Int64) throws {
        try whole(type) {
            try scope.countWritten()
            try scope.records.restore(type, id: id)
            if type.audited {
                let values = try scope.records.find(type, id: id) ?? Object()
                try Audit.append(
                    scope.database, scope.actor, "\(type.name).restored", object: (type.name, id), after: .object(type.facts(values)))
            }
        }
    }

    /// Gives a new record its number, where the type is numbered and none was given.
    private func takeNumber(_ type: RecordType, _ values: inout Object) throws {
        guard let number = type.number, (values[number.field] ?? .null) == .null else { return }
        let branch = try values["branch"]?.int.flatMap { id in try Branches.code(scope.database, id).map { (id, $0) } }
        try scope.countWritten()
        values[number.field] = .string(
            try scope.ledger.nextNumber(
                series: number.series, branch: branch?.0, branchCode: branch?.1, date: scope.today, actor: scope.actor.ledgerActor
            ).text)
    }

    /// Inside a savepoint where more than one statement is run, so that a script that catches the error finds no halves.
    /// Where none can, the error undoes the request anyway.
    private func whole<T>(_ type: RecordType, _ body: () throws -> T) throws -> T {
        let single = !type.audited && type.number == nil && type.table.lines.isEmpty && !plugins.hasHooks(on: type.name)
        return single || ScriptState.isUnguarded ? try body() : try scope.database.savepoint(body)
    }

    private func hasHooks(_ type: RecordType, _ phase: Phase) -> Bool {
        !plugins.hooks(on: type.name, phase).isEmpty
    }

    func runHooks(_ type: RecordType, _ phase: Phase, _ values: inout Object, old: Object?) throws {
        for hook in plugins.hooks(on: type.name, phase) {
            if let filter = hook.filter, !filter.fits(values) { continue }
            guard let changed = try HookRun.run(hook, values, old: old, scope), phase.changesItsRecord else { continue }
            try checkReach(of: hook, type, values, changed)
            try checkFiles(type, changed, before: values, by: plugins.package(hook.plugin))
            values = changed
        }
    }

    /// A hook of another plugin changes fields that its plugin added, and others with the capability to write the type.
    private func checkReach(of hook: HookDeclaration, _ type: RecordType, _ before: Object, _ after: Object) throws {
        if hook.plugin == type.plugin { return }
        if plugins.package(hook.plugin)?.manifest.writableTypes.contains(type.name) == true { return }
        let own = RecordAddition.prefix(hook.plugin)
        for field in type.fields where !field.name.hasPrefix(own) && !Value.same(before[field.name], after[field.name]) {
            throw Problem(
                403, "script.capability",
                "The hook \(hook.name) changes \(field.name) of \(type.name), and its plugin has no capability to write that type. "
                    + "Name it in capabilities.record.write.", field: field.name)
        }
    }
}

extension RecordType {
    /// The declared fields of a table of values as JSON, lines left out.
    func facts(_ reader: inout FlatReader) throws -> String {
        var json = JSONWriter()
        json.beginObject()
        try reader.readMap { key, value in
            guard value.tag != .null, table.column(of: key) != nil else { return }
            json.key(utf8: key.bytes)
            try value.writeJSON(into: &json)
        }
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// The declared fields of a row, lines left to their own rows: what an audit row keeps.
    func facts(_ values: Object) -> Object {
        var facts = Object()
        for (name, value) in values where table.column(name) != nil && value != .null { facts[name] = shown(name, value) }
        return facts
    }
}

extension Value {
    /// Whether two values of a field are the same: nothing is nothing, and a table without members has no kind.
    static func same(_ one: Value?, _ other: Value?) -> Bool {
        let (one, other) = (one ?? .null, other ?? .null)
        return one == other || (one.isEmptyTable && other.isEmptyTable)
    }

    private var isEmptyTable: Bool {
        switch self {
        case .array(let items): items.isEmpty
        case .object(let object): object.count == 0
        default: false
        }
    }
}
