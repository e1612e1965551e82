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
                        .init("figures", .array(.any), required: true, "Fields of the record with the decisions that gave them."),
                    ]))
            ])
    ) { call in
        guard let revision = call.revision, let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Records belong to a tenant.") }
        let name = call.parameters["record"] ?? ""
        guard let type = revision.recordType(name) else { throw Problem(404, "record.type_unknown", "There is no record type “\(name)” here.") }
        let id = try call.id()
        guard call.principal.may(type.readPermission ?? "*") else {
            throw Problem(403, "permission.denied", "You may not read \(type.title).")
        }
        let scope = try RunScope(call)
        guard let record = try scope.records.find(type, id: id) else { throw Problem.noRecord(type, id) }
        if type.branchScoped, let branch = record["branch"]?.int, !call.principal.isMember(of: branch) { throw Problem.noRecord(type, id) }
        call.instance.decisions.flush()
        var decisions: [Decision] = []
        if let file = try call.instance.decisions.file(ofTenant: tenant.id) {
            defer { file.close() }
            decisions = try file.of(record: name, id).map(\.decision)
        }
        let library = RevisionLibrary(call.database)
        return Reply(200, [
            "record": .string(name), "id": .int(id), "rules": .array(try RecordRules.of(name, id, call.database).map(Value.string)),
            "decisions": .array(decisions.map { describe($0, library) }), "figures": .array(figures(type, record, decisions)),
        ])
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

    /// The record's amounts and exact numbers, each with the places in the answers that hold it.
    private static func figures(_ type: RecordType, _ record: Object, _ decisions: [Decision]) -> [Value] {
        var places: [(value: Value, decision: Int, path: String)] = []
        for (index, decision) in decisions.enumerated() {
            for result in decision.results { collect(result, index, "", &places) }
        }
        return type.fields.compactMap { field -> Value? in
            guard let value = record[field.name], [.money, .decimal, .percent].contains(field.kind), value != .null else { return nil }
            let word = field.name.split(separator: "_").first.map(String.init) ?? field.name
            let fitting = places.filter { $0.value == value }
            // Of several equal amounts the one of the same name is meant.
            let named = fitting.filter { $0.path.split(separator: ".").last.map { $0 == field.name || $0 == word } ?? false }
            guard let found = (named.isEmpty ? fitting : named).first else { return nil }
            let decision = decisions[found.decision]
            return [
                "field": .string(field.name), "value": value, "rule": .string(decision.reference), "function": .string(decision.function),
                "decision": .int(Int64(found.decision)), "path": .string(found.path),
            ]
        }
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
