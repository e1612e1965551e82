/// The path of an endpoint: `/api/sales/{id}`, or `/api/scripts/{path...}` where the last parameter takes the rest of the path.
package struct PathTemplate: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    package enum Segment: Sendable, Hashable {
        case literal(String)
        case parameter(String)
        /// Takes one or more whole segments, as few as the literals that follow allow.
        case rest(String)
    }

    package let description: String
    package let segments: [Segment]

    package init(_ text: String) {
        description = text
        segments = text.split(separator: "/", omittingEmptySubsequences: true).map { part in
            guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .parameter(String(name))
        }
    }

    package init(stringLiteral text: String) {
        self.init(text)
    }

    /// The names of its parameters, in order.
    package var parameterNames: [String] {
        segments.compactMap { segment in
            switch segment {
            case .literal: nil
            case .parameter(let name), .rest(let name): name
            }
        }
    }
}
