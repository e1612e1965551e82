import Core
import Platform
import Synchronization

/// The description of what a tenant is served, made once for each revision.
final class OpenAPICache: Sendable {
    struct Document: Sendable {
        let bytes: [UInt8]
        let tag: String
    }

    private static let limit = 16
    private let version: String
    /// Holds the revisions, so that their identity is not given to others while it is a key.
    private let documents = Mutex<[(revision: Revision?, document: Document)]>([])

    init(version: String) {
        self.version = version
    }

    func document(of revision: Revision?, endpoints: () -> [Endpoint]) -> Document {
        if let known = documents.withLock({ $0.first { $0.revision === revision }?.document }) { return known }
        let tree = OpenAPIDocument.make(title: "Kontor", version: version, endpoints: endpoints())
        let bytes = JSON.serialize(tree)
        let document = Document(bytes: bytes, tag: "\"\(Digest.hex(Digest.sha256(bytes).prefix(12)))\"")
        documents.withLock { documents in
            if documents.count >= Self.limit { documents.removeFirst() }
            documents.append((revision, document))
        }
        return document
    }
}
