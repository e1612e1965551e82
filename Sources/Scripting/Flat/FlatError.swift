import CBridge
import Core

/// What a flat value can be. The raw values are the tags of the bridge.
package enum FlatTag: UInt8, Sendable {
    case null, `false`, `true`, int, double, string, array, map, decimal, money, function, empty

    /// What a person calls it, for messages.
    package var name: String {
        switch self {
        case .null: "nil"
        case .false, .true: "a boolean"
        case .int: "an integer"
        case .double: "a float"
        case .string: "text"
        case .array: "a list"
        case .map: "a table with named fields"
        case .decimal: "a decimal"
        case .money: "money"
        case .function: "a function"
        case .empty: "an empty table"
        }
    }
}

/// Why a flat value could not be read. Seen by scripts as a misuse of the host function they called.
package enum FlatError: Error, Sendable, Equatable {
    case mismatch(expected: String, found: FlatTag)
    case malformed
    case outOfRange(String)
}

extension FlatError: ProblemConvertible {
    package var code: String {
        switch self {
        case .mismatch: "script.wrong_type"
        case .malformed: "script.malformed"
        case .outOfRange: "script.out_of_range"
        }
    }

    package var problem: Problem {
        switch self {
        case .mismatch(let expected, let found): Problem(422, code, "Expected \(expected), got \(found.name).")
        case .malformed: Problem(422, code, "A value is malformed.")
        case .outOfRange(let text): Problem(422, code, text)
        }
    }
}
