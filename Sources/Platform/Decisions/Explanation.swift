import Core
import Scripting
import Storage

/// Where the figures of a record come from: which version of which rule, at which line, from which inputs.
enum Explanation {
    static let endpoint = Endpoint(
        .get, "/api/explain/{record}/{id}", access: .permission("scripts.view"), execution: .read,
        documentation: .init(
            "Explain a record: the rules that it was made under and where its figures come from", tag: "Scripts",
            pathParameters: [
                .init("record", .string(), "The record type, such as pos.sale."), .init("id", .integer(minimum: 1), "The record's id."),
            ],
            replies: [
                .init(
                    200, "The rules, what they answered, and the figures",
                    .object([
                        .init("record", .string(), required: true), .init("id", .integer(minimum: 1), required: true),
                        .init("rules", .array(.string()), required: true, "Kept with the record: path@version."),
                        .init("decisions", .array(.any), required: true, "What the rules answered, where the log still has it: rule, function, file, line, input, output."),
                        .init(
                            "figures", .array(.any), required: true,
                            "Fields of the record with the decisions that gave them: exact where the decision came before the field was written, in the same request."
                        ),
                        .init("trace", .array(TraceNote.schema), required: true, "What was noted when the record was made."),
                    ]))
            ])
    ) { call in
        let (type, id, record) = try read(call)
        call.instance.decisions.flush()
        var entries: [DecisionFile.Entry] = []
        var saves: [DecisionFile.Save] = []
        var notes: [Value] = []
        if let file = try call.instance.decisions.file(ofTenant: call.tenant?.id ?? 0) {
            defer { file.close() }
            entries = try file.of(record: type.name, id)
            for entry in try file.behind(record: type.name, id) where !entries.contains(where: { $0.id == entry.id }) { entries.append(entry) }
            entries.sort { $0.id < $1.id }
            saves = try file.saves(of: type.name, id)
            notes = try file.notes(of: type.name, id)
        }
        let library = RevisionLibrary(call.database)
        return Reply(200, [
            "record": .string(type.name), "id": .int(id), "rules": .array(try RecordRules.of(type.name, id, call.database).map(Value.string)),
            "decisions": .array(entries.map { describe($0.decision, library) }), "figures": .array(figures(type, record, entries, saves)),
            "trace": .array(notes),
        ])
    }

    static let replay = Endpoint(
        .get, "/api/replays/{record}/{id}", access: .permission("scripts.view"), execution: .read,
        documentation: .init(
            "Record what rules decided for a record, as a file that tests replay", tag: "Scripts",
            pathParameters: [
                .init("record", .string(), "The record type, such as pos.sale."), .init("id", .integer(minimum: 1), "The record's id."),
            ],
            replies: [
                .init(
                    200, "For fixtures/NAME.json of a plugin, or the test of a rule file",
                    .object([
                        .init("replay", .integer(), required: true), .init("record", .any, required: true), .init("at", .instant, required: true),
                        .init("decisions", .array(.any), required: true, "contract, path, version, function, input and output."),
                    ]))
            ])
    ) { call in
        let (type, id, _) = try read(call)
        call.instance.decisions.flush()
        let file = try call.instance.decisions.file(ofTenant: call.tenant?.id ?? 0)
        defer { file?.close() }
        let entries = try file?.of(record: type.name, id) ?? []
        guard let first = entries.first else {
            throw Problem(404, "replay.not_found", "The log has no decision from which \(type.name) \(id) came.")
        }
        return Reply(200, ReplayFile.value(entries.map(\.decision), at: try Instant(first.at), record: (type.name, id)))
    }

    /// The record that is asked about, if the caller may see it.
    private static func read(_ call: Call) throws -> (type: RecordType, id: Int64, record: Object) {
        guard let revision = call.revision, call.tenant != nil else { throw Problem(404, "tenant.not_found", "Records belong to a tenant.") }
        let name = call.parameters["record"] ?? ""
        guard let type = revision.recordType(name) else { throw Problem(404, "record.type_unknown", "There is no record type “\(name)” here.") }
        let id = try call.id()
        guard call.principal.may(type.readPermission ?? "*") else {
            throw Problem(403, "permission.denied", "You may not read \(type.title).")
        }
        guard let record = try RunScope(call).records.find(type, id: id) else { throw Problem.noRecord(type, id) }
        if type.branchScoped, let branch = record["branch"]?.int, !call.principal.isMember(of: branch) { throw Problem.noRecord(type, id) }
        return (type, id, record)
    }

    private static func describe(_ decision: Decision, _ library: RevisionLibrary) -> Value {
        var line: Value = .null
        if let source = try? library.source(decision.path, version: decision.version) {
            // Taxes are worked out by the kernel from the profile's components.
            let place = decision.function == "tax.calculate" ? "components" : decision.function
            line = .int(Int64(LuaPlaces(source).position(of: place).line))
        }
        return [
            "rule": .string(decision.reference), "contract": .string(decision.contract), "version": .int(decision.version),
            "function": .string(decision.function), "file": .string(decision.path), "line": line, "input": .array(decision.arguments),
            "output": decision.results.first ?? .null,
        ]
    }

    /// The record's amounts and exact numbers, each with the place in an answer that it came from.
    ///
    /// What was decided before the field was last written, in the request that wrote it, is where it came from; where the log does
    /// not know that, an answer of the record's own request that is the same.
    private static func figures(
        _ type: RecordType, _ record: Object, _ entries: [DecisionFile.Entry], _ saves: [DecisionFile.Save]
    ) -> [Value] {
        var places: [Place] = []
        for (index, entry) in entries.enumerated() {
            for result in entry.decision.results { collect(result, index, "", &places) }
        }
        return type.fields.compactMap { field -> Value? in
            guard let value = record[field.name], [.money, .decimal, .percent].contains(field.kind), value != .null else { return nil }
            let fitting = places.filter { $0.value == value }
            if fitting.isEmpty { return nil }
            var found: Place?
            var isExact = false
            if let save = saves.first(where: { $0.wrote(field.name) }) {
                // The last answer before the field was written is the one that was at hand.
                found = best(fitting.filter { save.decisions.contains(entries[$0.decision].id) }.reversed(), field)
                isExact = found != nil
            }
            guard let found = found ?? best(fitting, field) else { return nil }
            let decision = entries[found.decision].decision
            return [
                "field": .string(field.name), "value": value, "rule": .string(decision.reference), "function": .string(decision.function),
                "decision": .int(Int64(found.decision)), "path": .string(found.path), "exact": .bool(isExact),
            ]
        }
    }

    private typealias Place = (value: Value, decision: Int, path: String)

    /// Of several equal amounts the one of the same name is meant.
    private static func best(_ places: [Place], _ field: FieldDeclaration) -> Place? {
        let word = field.name.split(separator: "_").first.map(String.init) ?? field.name
        return places.first { $0.path.split(separator: ".").last.map { $0 == field.name || $0 == word } ?? false } ?? places.first
    }

    private static func collect(_ value: Value, _ decision: Int, _ path: String, _ places: inout [(value: Value, decision: Int, path: String)]) {
        switch value {
        case .money, .decimal: places.append((value, decision, path))
        case .array(let items):
            for (index, item) in items.enumerated() { collect(item, decision, "\(path)[\(index + 1)]", &places) }
        case .object(let object):
            for (name, inner) in object { collect(inner, decision, path.isEmpty ? name : "\(path).\(name)", &places) }
        default: break
        }
    }
}
