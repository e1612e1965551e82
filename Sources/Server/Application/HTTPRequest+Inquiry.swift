import Platform

extension HTTPRequest: Inquiry {
    package var verb: Verb {
        switch method {
        case .get: .of(.get)
        case .post: .of(.post)
        case .put: .of(.put)
        case .patch: .of(.patch)
        case .delete: .of(.delete)
        case .head: .head
        case .options, .other: .options
        }
    }

    package var queryText: String { rawQuery }
    package var isLocal: Bool { isLocalSocket }
    package var requestID: String { id }
}

extension Responder: Answering {
    package var takesWhole: Bool { false }

    package func stream(
        _ response: HTTPResponse, keepAliveSeconds: Int, onClose: @escaping @Sendable () -> Void
    ) -> (any ByteSink)? {
        stream(response, capacity: 256 << 10, keepAliveSeconds: keepAliveSeconds, onClose: onClose) as ResponseStream?
    }
}

extension ResponseStream: ByteSink {}
