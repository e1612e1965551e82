import Core
import Storage

/// `/api/files`: sending a file that a record will refer to, and getting one.
package enum FileEndpoints {
    package static let all: [Endpoint] = [
        Endpoint(
            .post, "/api/files", access: .signedIn, execution: .write, bodyLimit: Int(StoredFiles.mostBytes), accepts: .bytes([Endpoint.anyType]),
            documentation: .init(
                "Send a file as the body, with its Content-Type; a record refers to it by its id, or it is removed after a day", tag: "Files",
                query: [.init("name", .string(minLength: 1, maxLength: StoredFile.longestName), "What it is called: scan.pdf.")],
                replies: [.init(201, "Kept", .object(members))])
        ) { call in
            let file = try StoredFiles(call.database).add(
                name: call.queryValue("name") ?? "", type: call.contentType, bytes: call.bodyBytes, plugin: "", by: call.principal.userID, at: call.now)
            return Reply(201, file.value, headers: [("Location", "/api/files/\(file.id)")])
        },
        Endpoint(
            .get, "/api/files/{id}", access: .signedIn, execution: .read,
            documentation: .init(
                "Get a file; for who sent it, and for who may read a record that refers to it", tag: "Files",
                pathParameters: [.init("id", .integer(minimum: 1), "The file's id.")],
                replies: [.init(200, "Its bytes", nil, contentType: Endpoint.anyType)])
        ) { call in
            let files = StoredFiles(call.database)
            let id = try call.id()
            guard let revision = call.revision, let file = try files.find(id),
                try FileAccess(db: call.database, plugins: revision.plugins).mayRead(file, call.principal)
            else { throw StoredFiles.unknown(id) }
            return Reply(
                200, bytes: try files.bytes(of: file), contentType: file.mediaType,
                headers: [("Content-Disposition", file.contentDisposition), ("ETag", "\"\(file.sha256)\"")])
        },
    ]

    private static let members: [Schema.Member] = [
        .init("id", .integer(minimum: 1), required: true), .init("name", .string(), required: true), .init("media_type", .string(), required: true),
        .init("size", .integer(minimum: 0), required: true, "In bytes."), .init("sha256", .string(), required: true),
        .init("created_at", .instant, required: true), .init("created_by", .integer(minimum: 0), required: true),
    ]
}
