import Core
import Platform

/// What the application wants to know of a request, wherever it came from: a connection, or the command line in process.
package protocol Inquiry: AnyObject, Sendable {
    var verb: Verb { get }
    /// Percent-decoded, without the query.
    var path: String { get }
    /// As sent, without the question mark.
    var queryText: String { get }
    var query: [(name: String, value: String)] { get }
    /// Lower case, without the port.
    var host: String { get }
    /// - Parameter name: in lower case.
    func header(_ name: StaticString) -> String?
    var body: [UInt8] { get }
    var peerAddress: String { get }
    /// Whether it came over the installation's own socket (mode 0600): whoever can open it is the operator.
    var isLocal: Bool { get }
    var isTLS: Bool { get }
    var requestID: String { get }
    func withPathBytes<T>(_ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T
}

extension Inquiry {
    package func withPathBytes<T>(_ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
        var path = path
        return try path.withUTF8(body)
    }
}

package enum Verb: Sendable, Equatable {
    case of(Endpoint.Method)
    /// As GET, without the body.
    case head
    case options

    /// The method whose endpoint answers; nil for OPTIONS.
    package var method: Endpoint.Method? {
        switch self {
        case .of(let method): method
        case .head: .get
        case .options: nil
        }
    }

    package var name: String {
        switch self {
        case .of(let method): method.rawValue
        case .head: "HEAD"
        case .options: "OPTIONS"
        }
    }
}

/// Takes the answer to an inquiry, exactly once.
package protocol Answering: Sendable {
    func answer(_ response: HTTPResponse)
    /// Whether what would be streamed has to come as one answer.
    var takesWhole: Bool { get }
    /// - Returns: where to write, or nil when the asker cannot take a stream, or was answered before.
    func stream(_ response: HTTPResponse, keepAliveSeconds: Int, onClose: @escaping @Sendable () -> Void) -> (any ByteSink)?
}

/// The receiving end of a streamed answer.
package protocol ByteSink: Sendable {
    /// - Parameter wait: milliseconds to wait for room.
    /// - Returns: false when the reader is gone or too slow.
    func write(_ bytes: [UInt8], wait: Int) -> Bool
    func close()
    /// Breaks off, so that the reader sees that something is missing.
    func abort()
}
