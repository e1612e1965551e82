import Core
import Ledger
import Platform
import Storage
import Testing

extension Shop {
    /// What a GET answers, as a value.
    func get(_ path: String, query: [(String, String)] = [], as principal: Principal? = nil) throws -> Value {
        Self.value(try call(.get, path, as: principal, query: query))
    }

    static func value(_ reply: Reply) -> Value {
        switch reply.body {
        case .json(let value): value
        case .bytes(let bytes, _): (try? JSON.parse(bytes)) ?? .null
        default: .null
        }
    }

    /// A sale of so many of each.
    static func basket(
        _ lines: KeyValuePairs<String, Value>, payments: [Value] = [["method": "Cash"]], date: String? = nil
    ) -> Value {
        var body: Object = [
            "branch": "ACC-01", "customer_type": "Walk-in",
            "lines": .array(lines.map { ["sku": .string($0.key), "quantity": $0.value] }), "payments": .array(payments),
        ]
        if let date { body["date"] = .string(date) }
        return .object(body)
    }

    /// Saves another text of a rule file as its draft.
    func draft(_ path: String, _ change: (String) -> String) throws {
        let source = try get("/api/scripts/\(path)")["source"]?.string ?? ""
        let changed = change(source)
        #expect(changed != source, "the change changes nothing")
        _ = try call(.put, "/api/scripts/\(path)/draft", ["source": .string(changed), "message": "test"])
    }

    /// Every table of the tenant's database with all its rows.
    func tables() throws -> [String: [String]] {
        try tenant.store.read { db in
            var tables: [String: [String]] = [:]
            for name in try db.query(SQL("SELECT name FROM sqlite_schema WHERE type = 'table'"), row: { $0.text(0) }) {
                tables[name] = try db.query(SQL("SELECT * FROM \"\(name)\"")) { JSON.text(.object($0.object)) }.sorted()
            }
            return tables
        }
    }

    /// Expects that `body` is refused with this code and leaves every row of the database as it was.
    @discardableResult
    func refuses(
        _ code: String, status: Int = 422, field: String? = nil, at location: SourceLocation = #_sourceLocation,
        _ body: () throws -> some Any
    ) throws -> Problem? {
        let before = try tables()
        var problem: Problem?
        do {
            _ = try body()
            Issue.record("nothing was refused", sourceLocation: location)
        } catch let error as any ProblemConvertible {
            problem = error.problem
        }
        #expect(problem?.code == code, "\(problem?.description ?? "")", sourceLocation: location)
        #expect(problem?.status == status, "\(problem?.description ?? "")", sourceLocation: location)
        if let field { #expect(problem?.field == field, "\(problem?.description ?? "")", sourceLocation: location) }
        let after = try tables()
        for name in Set(before.keys).union(after.keys).sorted() where before[name] != after[name] {
            Issue.record("the refusal changed \(name)", sourceLocation: location)
        }
        return problem
    }

    func ledger<T>(_ body: @Sendable (Ledger) throws -> T) throws -> T {
        let clock = house.clock
        return try tenant.store.read { db in try body(db.ledger(clock: clock)) }
    }

    func changeLedger(_ body: @escaping @Sendable (Ledger, LedgerActor) throws -> Void) throws {
        let clock = house.clock
        try tenant.store.write { db in try body(db.ledger(clock: clock), LedgerActor(id: 1, label: "admin")) }
    }

    /// The posted balance of an account, in minor units on its normal side; nil where there is no such account.
    func balance(_ code: String) throws -> Int64? {
        try ledger { ledger in
            try ledger.findAccount(.code(code)) == nil ? nil : try ledger.balance(.code(code)).posted.minor
        }
    }
}
