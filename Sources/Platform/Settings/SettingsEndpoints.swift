import Core
import Storage

/// `/api/settings`: what the kernel and the plugins let people set, for the tenant, a branch or a till.
package enum SettingsEndpoints {
    package static let all: [Endpoint] = [
        Endpoint(
            .get, "/api/settings", access: .permission("settings.view"), execution: .read,
            documentation: .init(
                "List the settings with the values that hold at a place", tag: "Settings",
                query: [
                    .init("branch", .integer(minimum: 1), "As they hold in this branch."), .init("till", .integer(minimum: 1), "As they hold at this till."),
                ],
                replies: [.init(200, "By key", Page.schema(of: .object(members)))])
        ) { call in
            let place = try Place(call.database, branch: try call.queryID("branch"), till: try call.queryID("till"))
            return Reply(200, ["items": .array(try declarations(call).map { try describe($0, call.database, place) }), "next_cursor": .null])
        },
        Endpoint(
            .put, "/api/settings", access: .permission("settings.edit"), execution: .write,
            documentation: .init(
                "Set some settings, all or none; null takes a value away, so that the wider one holds", tag: "Settings",
                input: .object([
                    .init("values", .map(.any), required: true, "Values by key.", example: ["mail.host": "mail.acme.example"]),
                    .init("branch", .nullable(.integer(minimum: 1)), "For this branch only."),
                    .init("till", .nullable(.integer(minimum: 1)), "For this till only."),
                ]),
                replies: [.init(200, "As they hold now", Page.schema(of: .object(members)))])
        ) { call in
            let place = try Place(call.database, branch: call.body["branch"]?.int, till: call.body["till"]?.int)
            let known = declarations(call)
            var faults: [Schema.Fault] = []
            var changes: [(SettingDeclaration, Value?)] = []
            for (key, given) in call.body["values"]?.object ?? Object() {
                guard let setting = known.first(where: { $0.key == key }) else {
                    faults.append(.init(field: "values.\(key)", code: "unknown", message: "is no setting of the kernel or an installed plugin"))
                    continue
                }
                guard setting.levels.contains(place.level) else {
                    let levels = setting.levels.map(\.rawValue).joined(separator: ", ")
                    faults.append(.init(field: "values.\(key)", code: "scope", message: "is set for \(levels), not for a \(place.level.rawValue)"))
                    continue
                }
                if given == .null {
                    changes.append((setting, nil))
                    continue
                }
                changes.append((setting, setting.check(given, at: "values.\(key)", &faults)))
            }
            guard faults.isEmpty else { throw Problem.invalid(faults) }
            for (setting, value) in changes {
                try Settings.set(call.database, call.actingUser, place.scope, setting.key, value)
            }
            // A message that waits for its gateway may find it now.
            call.tenant?.wake()
            return Reply(200, ["items": .array(try changes.map { try describe($0.0, call.database, place) }), "next_cursor": .null])
        },
    ]

    /// The kernel's and the installed plugins', by key.
    static func declarations(_ call: Call) -> [SettingDeclaration] {
        (KernelSettings.all + (call.revision?.plugins.packages ?? []).flatMap(\.manifest.settings)).sorted { $0.key < $1.key }
    }

    private struct Place {
        let branch: Int64?
        let till: Int64?

        /// - Throws: 422 `branch.not_found`, `till.not_found`.
        init(_ db: Connection, branch: Int64?, till: Int64?) throws {
            self.till = till
            if let till {
                do { self.branch = try Tills.get(db, till).branchID } catch {
                    throw Problem(422, "till.not_found", "There is no till \(till).", field: "till")
                }
                return
            }
            self.branch = branch
            if let branch, try !Branches.exists(db, branch) {
                throw Problem(422, "branch.not_found", "There is no branch \(branch).", field: "branch")
            }
        }

        var level: SettingDeclaration.Level { till != nil ? .till : branch != nil ? .branch : .tenant }

        var scope: Settings.Scope {
            if let till { return .till(till) }
            return branch.map { .branch($0) } ?? .tenant
        }
    }

    private static func describe(_ setting: SettingDeclaration, _ db: Connection, _ place: Place) throws -> Value {
        var scopes: [(Settings.Scope, String)] = [(.tenant, "tenant")]
        if let branch = place.branch, setting.levels.contains(.branch) { scopes.insert((.branch(branch), "branch"), at: 0) }
        if let till = place.till, setting.levels.contains(.till) { scopes.insert((.till(till), "till"), at: 0) }
        var value: Value?
        var source = "default"
        for (scope, name) in scopes where value == nil {
            value = try Settings.get(db, scope, setting.key)
            if value != nil { source = name }
        }
        return [
            "key": .string(setting.key), "title": .string(setting.field.title ?? setting.field.summary), "type": .string(setting.field.kind.rawValue),
            "values": .array(setting.field.values.map(Value.string)), "scopes": .array(setting.levels.map { .string($0.rawValue) }),
            "default": setting.field.fallback ?? .null, "value": value ?? setting.field.fallback ?? .null, "source": .string(source),
        ]
    }

    private static let members: [Schema.Member] = [
        .init("key", .string(), required: true, example: "mail.host"), .init("title", .string(), required: true),
        .init("type", .string(), required: true), .init("values", .array(.string()), required: true, "Of an enum."),
        .init("scopes", .array(.string(allowed: SettingDeclaration.Level.allCases.map(\.rawValue))), required: true, "Where it may be set."),
        .init("default", .any, required: true), .init("value", .any, required: true, "What holds at the place."),
        .init("source", .string(allowed: ["till", "branch", "tenant", "default"]), required: true),
    ]
}

extension SettingDeclaration {
    /// The value as it is stored.
    func check(_ value: Value, at place: String, _ faults: inout [Schema.Fault]) -> Value {
        let checked = field.schema.check(value, at: place, currency: nil, &faults)
        let number: Decimal? = switch checked {
        case .decimal(let number): number
        case .int(let number): Decimal(number)
        default: nil
        }
        if let number, [.decimal, .percent, .integer, .money].contains(field.kind) {
            if let minimum = field.minimum, number < minimum { faults.append(.init(field: place, code: "out_of_range", message: "must be at least \(minimum)")) }
            if let maximum = field.maximum, number > maximum { faults.append(.init(field: place, code: "out_of_range", message: "must be at most \(maximum)")) }
        }
        return checked
    }
}
