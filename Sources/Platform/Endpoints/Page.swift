import Core

/// One page of a list: `?limit=50&cursor=…` in, `items` and `next_cursor` out.
///
/// The cursor is opaque to callers: it holds the sort key of the last row that they saw.
package struct Page: Sendable {
    package static let defaultLimit = 50
    package static let longestLimit = 200

    /// 1...200.
    package let limit: Int
    /// The sort key of the last row of the page before; empty on the first page.
    package let key: [Value]

    /// How many rows to ask for: one more than are shown tells whether there are more.
    package var fetchLimit: Int { limit + 1 }

    /// - Throws: 422 `request.invalid` for a limit outside 1...200 or a cursor that is not ours.
    package init(_ call: Call) throws {
        try self.init(limit: call.queryValue("limit"), cursor: call.queryValue("cursor"))
    }

    package init(limit: String?, cursor: String?) throws {
        if let limit {
            guard let number = Int(limit), (1...Self.longestLimit).contains(number) else {
                throw Problem.invalid([
                    Schema.Fault(field: "limit", code: "out_of_range", message: "must be from 1 to \(Self.longestLimit)")
                ])
            }
            self.limit = number
        } else {
            self.limit = Self.defaultLimit
        }
        if let cursor {
            guard let bytes = Base64URL.decode(cursor), bytes.count <= 1_000, let key = (try? JSON.parse(bytes))?.array else {
                throw Self.wrongCursor
            }
            self.key = key
        } else {
            key = []
        }
    }

    /// The key of a list that is ordered by row id: 0 on the first page.
    /// - Throws: 422 `request.invalid` for the cursor of another list.
    package func id() throws -> Int64 {
        if key.isEmpty { return 0 }
        guard key.count == 1, let id = key[0].int else { throw Self.wrongCursor }
        return id
    }

    package static let wrongCursor = Problem.invalid([
        Schema.Fault(field: "cursor", code: "type", message: "is not a cursor of this list")
    ])

    /// - Parameter rows: up to `fetchLimit` of them.
    package func reply<Row>(_ rows: [Row], key: (Row) -> [Value], item: (Row) -> Value) -> Reply {
        let shown = rows.prefix(limit)
        var body = Object()
        body.append("items", .array(shown.map(item)))
        if rows.count > limit, let last = shown.last {
            body.append("next_cursor", .string(Base64URL.encode(JSON.serialize(.array(key(last))))))
        } else {
            body.append("next_cursor", .null)
        }
        return Reply(200, .object(body))
    }

    /// The query parameters of every list, for the OpenAPI document.
    package static let parameters: [Endpoint.Documentation.Parameter] = [
        .init("limit", .integer(minimum: 1, maximum: Int64(longestLimit)), "Items on a page, \(defaultLimit) by default."),
        .init("cursor", .string(), "The next_cursor of the page before."),
    ]

    /// The reply of every list, for the OpenAPI document.
    package static func schema(of item: Schema) -> Schema {
        .object([
            .init("items", .array(item), required: true),
            .init("next_cursor", .nullable(.string()), required: true, "Nil on the last page."),
        ])
    }
}

extension Call {
    /// A query parameter that is an integer; nil when it is not given.
    /// - Throws: 422 `request.invalid`.
    package func queryInteger(_ name: String) throws -> Int64? {
        guard let text = queryValue(name) else { return nil }
        guard let number = Int64(text) else {
            throw Problem.invalid([Schema.Fault(field: name, code: "type", message: "must be an integer")])
        }
        return number
    }

    /// A query parameter that is a row id; nil when it is not given.
    /// - Throws: 422 `request.invalid`.
    package func queryID(_ name: String) throws -> Int64? {
        guard let id = try queryInteger(name) else { return nil }
        guard id > 0 else {
            throw Problem.invalid([Schema.Fault(field: name, code: "out_of_range", message: "must be at least 1")])
        }
        return id
    }

    /// A query parameter that is an instant; nil when it is not given.
    /// - Throws: 422 `request.invalid`.
    package func queryInstant(_ name: String) throws -> Instant? {
        guard let text = queryValue(name) else { return nil }
        guard let instant = try? Instant(text) else {
            throw Problem.invalid([
                Schema.Fault(field: name, code: "type", message: "must be an instant such as \"2026-01-31T09:30:00.000Z\"")
            ])
        }
        return instant
    }
}
