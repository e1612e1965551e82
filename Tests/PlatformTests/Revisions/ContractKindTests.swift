import Core
import Platform
import Testing

/// Each kind of field that a contract may have: what it takes, and where it says what is wrong.
@Suite struct ContractKindTests {
    private static func contract(_ change: (inout FieldDeclaration) -> Void, _ kind: FieldDeclaration.Kind) -> Contract {
        var id = FieldDeclaration(name: "id", kind: .text)
        id.required = true
        var field = FieldDeclaration(name: "value", kind: kind)
        change(&field)
        return Contract(id: "test", title: "Test", key: "id", fallback: nil, fields: [id, field])
    }

    private func findings(_ contract: Contract, _ literal: String) -> [Finding] {
        let text = "return {\n  contract = \"test\",\n  id = \"a\",\n  value = \(literal),\n}\n"
        return ScriptCheck.ruleFile("Rules/test/a.lua", source: Array(text.utf8), contracts: ["test": contract])
    }

    static let cases: [(FieldDeclaration.Kind, fine: [String], wrong: [String])] = [
        (.text, ["\"x\"", "\"\""], ["1", "true", "{}", "\"12345678901\""]),
        (.integer, ["0", "7"], ["\"7\"", "1.5", "11", "-1", "true"]),
        (.decimal, ["\"0.25\"", "3"], ["0.25", "\"x\"", "true", "\"11\""]),
        (.percent, ["\"12.5\"", "100", "0"], ["12.5", "\"101\"", "-1", "\"x\""]),
        (.money, ["\"9.50\"", "\"0\""], ["9.5", "9", "\"x\"", "\"11\"", "{}"]),
        (.date, ["\"2026-02-28\""], ["\"2026-02-30\"", "20260228", "\"soon\""]),
        (.instant, ["\"2026-02-28T10:00:00Z\""], ["\"2026-02-28\"", "1"]),
        (.boolean, ["true", "false"], ["1", "\"true\"", "{}"]),
        (.enum, ["\"red\""], ["\"blue\"", "1", "true"]),
        (.ref, ["7"], ["\"7\"", "0", "-1"]),
        (.list, ["{ \"a\", 1 }", "{}"], ["\"a\"", "1", "{ a = 1 }", "{ 1, 2, 3, 4 }"]),
        (.object, ["{ inner = 1 }"], ["\"a\"", "{ inner = \"x\" }", "{ other = 1 }", "1"]),
        (.json, ["{ a = { 1, 2 } }", "\"x\"", "1", "true"], ["function() end"]),
        (.function, ["function(case) return case end"], ["1", "\"x\"", "{}"]),
    ]

    private static func bounded(_ kind: FieldDeclaration.Kind) -> Contract {
        contract({ field in
            switch kind {
            case .text: field.maximum = Decimal(10)
            case .integer, .decimal, .money:
                field.minimum = Decimal(0)
                field.maximum = Decimal(10)
            case .percent:
                field.minimum = Decimal(0)
                field.maximum = Decimal(100)
            case .enum: field.values = ["red", "green"]
            case .list: field.maximum = Decimal(3)
            case .object: field.fields = [FieldDeclaration(name: "inner", kind: .integer)]
            default: break
            }
        }, kind)
    }

    @Test(arguments: cases.indices)
    func `a kind takes what it is and tells where it is not`(index: Int) {
        let (kind, fine, wrong) = Self.cases[index]
        let contract = Self.bounded(kind)
        for literal in fine {
            #expect(findings(contract, literal).filter { $0.severity == .error }.isEmpty, "\(kind) \(literal): \(findings(contract, literal).map(\.text))")
        }
        for literal in wrong {
            let errors = findings(contract, literal).filter { $0.severity == .error && $0.code == "script.contract" }
            #expect(errors.contains { $0.file == "Rules/test/a.lua" && $0.line == 4 && $0.field?.hasPrefix("value") == true }, "\(kind) \(literal): \(errors.map(\.text))")
        }
        // A fraction is told as what it is, whatever else is wrong with it.
        if kind == .decimal || kind == .percent {
            #expect(findings(contract, wrong[0]).contains { $0.message.contains("floating-point number") }, "\(kind)")
        }
        // Left out it is nothing; where it is required, that is told.
        var required = contract.fields[1]
        required.required = true
        let strict = Contract(id: "test", title: "Test", key: "id", fallback: nil, fields: [contract.fields[0], required])
        #expect(findings(contract, "nil").filter { $0.severity == .error }.isEmpty)
        #expect(findings(strict, "nil").contains { $0.severity == .error && $0.field == "value" }, "\(kind)")
    }

    @Test func `every kind that a contract may have is tried`() {
        let tried = Set(Self.cases.map(\.0))
        // Lines are lists; files and encrypted text are for records.
        #expect(Set(FieldDeclaration.Kind.allCases).subtracting(tried) == [.lines, .file, .encrypted])
    }

    @Test(arguments: ["file", "encrypted"])
    func `what only records have is refused in a contract`(kind: String) throws {
        let works = try Works()
        let files = [
            "plugin.lua": #"return { name = "shapes", version = "1.0.0", permissions = { { "shapes.see" } } }"#,
            "contracts/shape.lua":
                "return {\n  id = \"shape\", key = \"id\",\n  fields = { { \"id\", \"text\", required = true },\n    { \"value\", \"\(kind)\"\(kind == "encrypted" ? ", permission = \"shapes.see\"" : "") } },\n}",
        ]
        let error = #expect(throws: DeclarationError.self) { try works.install(files) }
        #expect(error?.file == "shapes/contracts/shape.lua" && error?.field == "fields[2]")
    }
}
