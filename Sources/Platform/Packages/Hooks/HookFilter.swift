import Core

/// `when = { status = "OPEN", ["total.minor"] = { gt = 0 } }`: for which records a hook runs. Looked at without a script.
struct HookFilter: Sendable {
    private struct Condition: Sendable {
        let path: [String]
        let op: RecordQuery.Operator
        let value: Value
    }

    private let conditions: [Condition]

    /// The fields that it looks at.
    var fields: [String] { conditions.compactMap(\.path.first) }

    init(_ declaration: Declaration) throws(DeclarationError) {
        var conditions: [Condition] = []
        for name in declaration.names {
            let path = name.split(separator: ".").map(String.init)
            guard (1...2).contains(path.count) else { throw declaration.wrong(name, "must be a field, or a part of one such as \"total.minor\"") }
            let given = declaration.value(name) ?? .null
            guard case .object(let operators) = given else {
                conditions.append(Condition(path: path, op: .equal, value: given))
                continue
            }
            for (word, value) in operators {
                guard let op = RecordQuery.Operator(named: word) else {
                    throw declaration.wrong(name, "has “\(word)”, which is not an operator; there are \(RecordQuery.Operator.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                if op == .isIn, value.array == nil { throw declaration.wrong(name, "has “in”, which takes a list") }
                if op == .begins, value.string == nil { throw declaration.wrong(name, "has “begins”, which takes text") }
                if case .double = value { throw declaration.wrong(name, "compares with a floating-point number; write it as a string") }
                conditions.append(Condition(path: path, op: op, value: value))
            }
        }
        self.conditions = conditions
    }

    func fits(_ record: Object) -> Bool {
        conditions.allSatisfy { condition in
            var value = record[condition.path[0]] ?? .null
            if condition.path.count > 1 {
                if case .money(let money) = value {
                    value = condition.path[1] == "minor" ? .int(money.minor) : condition.path[1] == "currency" ? .string(money.currency.code) : .null
                } else {
                    value = value[condition.path[1]] ?? .null
                }
            }
            return Self.holds(value, condition.op, condition.value)
        }
    }

    private static func holds(_ value: Value, _ op: RecordQuery.Operator, _ wanted: Value) -> Bool {
        switch op {
        case .equal: isEqual(value, wanted)
        case .notEqual: !isEqual(value, wanted)
        case .isIn: (wanted.array ?? []).contains { isEqual(value, $0) }
        case .begins: value.string?.hasPrefix(wanted.string ?? "") ?? false
        case .less: compare(value, wanted).map { $0 < 0 } ?? false
        case .atMost: compare(value, wanted).map { $0 <= 0 } ?? false
        case .greater: compare(value, wanted).map { $0 > 0 } ?? false
        case .atLeast: compare(value, wanted).map { $0 >= 0 } ?? false
        }
    }

    private static func isEqual(_ one: Value, _ other: Value) -> Bool {
        one == other || compare(one, other) == 0
    }

    /// Below, at or above zero; nil for what cannot be compared.
    private static func compare(_ one: Value, _ other: Value) -> Int? {
        if case .string(let a) = one, case .string(let b) = other { return a == b ? 0 : a < b ? -1 : 1 }
        guard let a = number(one), let b = number(other) else { return nil }
        return a == b ? 0 : a < b ? -1 : 1
    }

    private static func number(_ value: Value) -> Decimal? {
        switch value {
        case .int(let number): Decimal(number)
        case .decimal(let number): number
        case .money(let money): Decimal(money.minor)
        case .string(let text): try? Decimal(text)
        default: nil
        }
    }
}
