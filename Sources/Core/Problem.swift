/// The one error that crosses rooms: what a caller gets as `application/problem+json` (RFC 9457).
///
/// A room's own typed errors conform to `ProblemConvertible` and turn into this at its edge.
package struct Problem: Error, Sendable {
    /// The HTTP status, 400...599.
    package let status: Int
    /// Stable and published, `area.reason`: never renamed, never reused.
    package let code: String
    /// One sentence for a person: what is wrong, where, and what to do.
    package let detail: String
    /// The path of the field at fault, such as `lines[0].sku`.
    package var field: String?
    /// Further members of the problem document, in this order.
    package var extra: [(String, Value)]
    /// Further response headers, such as `Retry-After`.
    package var headers: [(String, String)]

    package init(
        _ status: Int, _ code: String, _ detail: String, field: String? = nil,
        extra: [(String, Value)] = [], headers: [(String, String)] = []
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.extra = extra
        self.headers = headers
    }

    /// The same problem, blamed on a field; a field that is already named stays.
    package func at(field: String) -> Problem {
        var copy = self
        copy.field = copy.field ?? field
        return copy
    }
}

extension Problem: Equatable {
    package static func == (left: Problem, right: Problem) -> Bool {
        left.status == right.status && left.code == right.code && left.detail == right.detail
            && left.field == right.field
            && left.extra.elementsEqual(right.extra, by: ==)
            && left.headers.elementsEqual(right.headers, by: ==)
    }
}

extension Problem: CustomStringConvertible {
    package var description: String {
        "\(status) \(code)\(field.map { " (\($0))" } ?? ""): \(detail)"
    }
}

/// An error that knows how a client should see it.
package protocol ProblemConvertible: Error {
    var problem: Problem { get }
}

extension Problem: ProblemConvertible {
    package var problem: Problem { self }
}
