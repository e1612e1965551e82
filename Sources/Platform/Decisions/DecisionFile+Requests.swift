import Core
import Storage

/// Requests of routes in `decisions.db`.
extension DecisionFile {
    /// Of each route, the newest.
    static let mostRequests: Int64 = 500

    static let requestsSchema = """
        CREATE TABLE IF NOT EXISTS requests (
          id         INTEGER PRIMARY KEY,
          made_at    TEXT NOT NULL,
          -- POST /api/sales
          route      TEXT NOT NULL,
          parameters TEXT NOT NULL,
          query      TEXT NOT NULL,
          body       BLOB NOT NULL,
          principal  TEXT NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS requests_route_idx ON requests (route, id);
        """

    private static let insertRequest = SQL("""
        INSERT INTO requests (made_at, route, parameters, query, body, principal) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """)
    private static let pruneRequests = SQL("""
        DELETE FROM requests WHERE route = ?1 AND id <= (SELECT id FROM requests WHERE route = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
        """)
    private static let hasRequests = SQL("SELECT count(*) FROM sqlite_schema WHERE name = 'requests'")
    // Of a route with many no more than of one with few, until all are there.
    private static let selectRequests = SQL("""
        SELECT made_at, route, parameters, query, body, principal FROM (
          SELECT *, row_number() OVER (PARTITION BY route ORDER BY id DESC) AS place FROM requests)
        ORDER BY place, id DESC LIMIT ?1
        """)
    private static let countRequests = SQL("SELECT count(*) FROM requests")

    func append(_ requests: [RecordedRequest]) throws {
        func text(_ value: Value) -> String { String(decoding: JSON.serialize(value), as: UTF8.self) }
        try db.transaction {
            for request in requests {
                try db.run(
                    Self.insertRequest, request.at.description, request.route,
                    text(.object(Object(request.parameters.sorted { $0.key < $1.key }.map { ($0.key, Value.string($0.value)) }))),
                    text(.array(request.query.map { .array([.string($0.name), .string($0.value)]) })), request.body.json,
                    text(RecordedRequest.value(request.principal)))
            }
            for route in Set(requests.map(\.route)) { try db.run(Self.pruneRequests, route, Self.mostRequests) }
        }
    }

    /// The newest of all routes, and how many there are.
    func requests(ofTenant id: Int64, limit: Int) throws -> (found: [RecordedRequest], count: Int) {
        guard try db.integer(Self.hasRequests) == 1 else { return ([], 0) }
        let found = try db.query(Self.selectRequests, Int64(limit)) { row -> RecordedRequest? in
            let words = row.text(1).split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, let method = Endpoint.Method(rawValue: words[0]), let at = try? Instant(row.text(0)) else { return nil }
            let parameters = try JSON.parse(row.text(2)).object ?? Object()
            let query = try JSON.parse(row.text(3)).array ?? []
            return RecordedRequest(
                tenantID: id, at: at, method: method, path: words[1],
                parameters: Dictionary(parameters.map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { $1 }),
                query: query.map { (name: $0[0]?.string ?? "", value: $0[1]?.string ?? "") }, body: .bytes(row.bytes(4)),
                principal: RecordedRequest.principal(try JSON.parse(row.text(5))))
        }
        return (found.compactMap { $0 }, Int(try db.integer(Self.countRequests)))
    }
}
