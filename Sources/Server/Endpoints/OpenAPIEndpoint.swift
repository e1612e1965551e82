import Platform

/// `GET /openapi.json`: what is really registered for whoever asks.
enum OpenAPIEndpoint {
    static func make(access: Endpoint.Access, _ application: @escaping @Sendable () -> Application) -> Endpoint {
        Endpoint(
            .get, "/openapi.json", access: access, execution: .worker,
            documentation: .init(
                "Describe every endpoint that there is", tag: "Meta",
                replies: [.init(200, "An OpenAPI 3.1 document.", .map(.any))])
        ) { call in
            let application = application()
            let document =
                call.tenant == nil
                ? application.documents.document(of: nil) { application.operatorEndpoints }
                : application.documents.document(of: call.revision) {
                    application.endpoints(of: call.revision)
                }
            return Reply(
                200, bytes: document.bytes, contentType: "application/json",
                headers: [("ETag", document.tag), ("Cache-Control", "private, no-cache")])
        }
    }
}
