import Core

/// `GET /api/meta/records`: what the record types are, for who draws lists and forms of them.
package enum MetaEndpoints {
    package static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/api/meta/records", access: .signedIn, execution: .inline,
            documentation: .init(
                "Describe the record types that the caller may see", tag: "Records",
                replies: [.init(200, "By name", .object([.init("items", .array(.any, maxItems: 10_000), required: true)]))])
        ) { call in
            let types = (call.revision?.plugins.recordTypes ?? [:]).values.sorted { $0.name < $1.name }
            return Reply(200, ["items": .array(types.filter { type in
                type.permissions.read.map(call.principal.may) ?? false
            }.map { RecordDescription.value($0, call.principal, name: \.jsonName) })])
        }
    ]
}
