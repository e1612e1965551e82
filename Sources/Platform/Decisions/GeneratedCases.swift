import Core
import Scripting

/// Cases for a rule file by which nothing was decided yet: of tax profiles the days around each change and every category; of
/// other contracts what their functions take, within its bounds. The same file gives the same cases.
struct GeneratedCases {
    let scope: RunScope
    let now: RuleSet
    let draft: RuleSet

    /// Of one function.
    private static let count = 40

    func all() -> [Impact.Case] {
        if let profile = now.content.taxProfile { return taxes(profile) }
        // Where either of the two has a function, whatever the other one has there.
        var paths = now.content.functions
        for path in draft.content.functions where !paths.contains(path) { paths.append(path) }
        return paths.flatMap(cases)
    }

    // MARK: Taxes

    private func taxes(_ profile: TaxProfile) -> [Impact.Case] {
        var days: Set<CalendarDate> = [scope.today]
        for component in profile.components + (draft.content.taxProfile?.components ?? []) {
            for day in [component.from, component.to].compactMap({ $0 }) {
                days.insert(day)
                if let next = try? day.adding(days: 1) { days.insert(next) }
            }
        }
        var cases: [Impact.Case] = []
        for day in days.sorted() {
            for category in profile.taxedCategories + ["exempt"] {
                for minor: Int64 in [1, 99, 1_000, 99_999, 12_345_678] {
                    let amount = Money(minor: minor, scope.tenant.currency)
                    let document: Object = [
                        "date": .string(day.description), "lines": [["amount": .money(amount), "product": ["tax_category": .string(category)]]],
                    ]
                    if let one = decided("tax.calculate", [.object(document)]) { cases.append(one) }
                }
            }
        }
        return cases
    }

    // MARK: Functions

    private func cases(_ path: String) -> [Impact.Case] {
        guard let field = now.contract.field(at: path) else { return [] }
        var random = CaseNumbers(path)
        return (0..<(field.takes.isEmpty ? 1 : Self.count)).compactMap { round in
            decided(path, field.takes.map { value($0, round, &random, depth: 0) })
        }
    }

    /// What the file in force answers; nil where it cannot.
    private func decided(_ function: String, _ arguments: [Value]) -> Impact.Case? {
        guard let input = Flat.bytes({ writer in for argument in arguments { writer.write(argument) } }) else { return nil }
        var decision = Decision(
            contract: now.contract.id, path: now.path, version: now.version, function: function, input: input, output: [])
        guard let output = try? DecisionReplay(scope: scope).answer(decision, at: scope.now, by: now) else { return nil }
        decision.output = output
        return Impact.Case(decision: decision, at: scope.now, record: nil)
    }

    // MARK: Values

    /// - Parameter round: the first ones are the bounds, the rest lies between.
    private func value(_ field: FieldDeclaration, _ round: Int, _ random: inout CaseNumbers, depth: Int) -> Value {
        if round == 0, let fallback = field.fallback { return plain(fallback, field) }
        if !field.required, depth > 0, field.kind != .lines, random.next(8) == 0 { return .null }
        switch field.kind {
        case .integer, .ref:
            let least = field.minimum?.wholeValue.map(Int64.init) ?? (field.kind == .ref ? 1 : 0)
            return .int(whole([0, 1, 2, 7, 14, 29, 30, 31, 59, 90, 365], least, field.maximum?.wholeValue.map(Int64.init), 1_000, round, &random))
        case .money:
            let least = minor(field.minimum) ?? 0
            return .money(
                Money(
                    minor: whole([1, 99, 1_000, 9_999, 10_000, 99_999, 12_345_678], least, minor(field.maximum), 10_000_000, round, &random),
                    scope.tenant.currency))
        case .decimal, .percent:
            let places = min(field.places, 2)
            let scale = (0..<places).reduce(Int64(1)) { value, _ in value * 10 }
            let least = field.minimum.flatMap { $0.scaled(places: places) } ?? 0
            let most = field.maximum.flatMap { $0.scaled(places: places) } ?? least + 1_000 * scale
            let number = whole([least, most], least, most, most, round, &random)
            return .decimal((try? Decimal(coefficient: number, scale: places)) ?? Decimal(0))
        case .boolean: return .bool(random.next(2) == 0)
        case .enum: return .string(field.values.isEmpty ? "" : field.values[round % field.values.count])
        case .date: return .string(day(round, &random).description)
        case .instant: return .string(scope.tenant.timeZone.start(of: day(round, &random)).description)
        case .text:
            let words = ["standard", "A", "Ama Mensah", "GOLD", "a longer text with several words"]
            let word = words[round % words.count]
            return field.example ?? .string(field.pattern.map { $0.matches(word) ? word : "" } ?? word)
        case .lines, .list:
            let least = max(1, field.minimum?.wholeValue ?? 1)
            let count = min(least + Int(random.next(3)), field.maximum?.wholeValue ?? .max)
            return .array((0..<count).map { _ in table(field.fields, Int(random.next(Int64(Self.count))), &random, depth) })
        case .object:
            if let target = field.target, let type = recordType(target) { return record(type, round, &random, depth) }
            return table(field.fields, round, &random, depth)
        default: return field.example ?? .null
        }
    }

    private func table(_ fields: [FieldDeclaration], _ round: Int, _ random: inout CaseNumbers, _ depth: Int) -> Value {
        var object = Object()
        if depth < 4 { for field in fields { object[field.name] = value(field, round, &random, depth: depth + 1) } }
        return .object(object)
    }

    /// `pos.sale`, or the type of that word whose plugin the contract belongs to.
    private func recordType(_ word: String) -> RecordType? {
        if let type = scope.revision.recordType(word) { return type }
        let plugin = now.contract.file.split(separator: "/").first.map(String.init) ?? ""
        return scope.revision.recordType("\(plugin).\(word)")
    }

    private func record(_ type: RecordType, _ round: Int, _ random: inout CaseNumbers, _ depth: Int) -> Value {
        var object = table(type.fields, round, &random, depth).object ?? Object()
        object["id"] = .int(Int64(round) + 1)
        return .object(object)
    }

    private func plain(_ value: Value, _ field: FieldDeclaration) -> Value {
        guard field.kind == .money else { return value }
        if let minor = value.int { return .money(Money(minor: minor, scope.tenant.currency)) }
        return value.string.flatMap { try? Money.parse($0, scope.tenant.currency) }.map(Value.money) ?? .null
    }

    private func minor(_ bound: Decimal?) -> Int64? {
        bound.flatMap { try? Money.parse($0.description, scope.tenant.currency).minor }
    }

    /// The bounds and usual numbers first, as far as they are within, then any.
    private func whole(_ usual: [Int64], _ least: Int64, _ most: Int64?, _ reach: Int64, _ round: Int, _ random: inout CaseNumbers) -> Int64 {
        let top = most ?? max(least, reach)
        let numbers = ([least] + usual + (most.map { [$0] } ?? [])).filter { $0 >= least && $0 <= top }
        if round < numbers.count { return numbers[round] }
        return least &+ random.next(max(1, top &- least &+ 1))
    }

    private func day(_ round: Int, _ random: inout CaseNumbers) -> CalendarDate {
        let offset = round < 6 ? [0, 1, -1, 30, -30, 365][round] : Int(random.next(800)) - 400
        return (try? scope.today.adding(days: offset)) ?? scope.today
    }
}

/// Numbers that look like chance and are the same each time: SplitMix64.
private struct CaseNumbers {
    private var state: UInt64

    init(_ name: String) {
        state = name.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// 0 up to below `bound`, which is at least 1.
    mutating func next(_ bound: Int64) -> Int64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Int64(z % UInt64(max(1, bound)))
    }
}
