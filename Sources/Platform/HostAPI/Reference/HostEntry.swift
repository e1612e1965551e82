import Core

/// What authors are told about one thing that scripts can use: a function, a method of a value, or a field.
///
/// The reference page, the editors' stubs and the checker all read these; the phases come from the host functions that the
/// entry stands on, so that they cannot say anything else than what is enforced.
package struct HostEntry: Sendable {
    package enum Kind: Sendable, Equatable {
        /// `record.find(…)`, `reject(…)`
        case function
        /// `money:add(…)`
        case method
        /// `tenant.currency`
        case field
    }

    package struct Parameter: Sendable, Equatable {
        package let name: String
        package let type: String
        package let isOptional: Bool
        package var isVariadic: Bool { name == "..." }
    }

    package let kind: Kind
    /// `record`, or empty for a global.
    package let module: String
    package let name: String
    package let parameters: [Parameter]
    package let result: String?
    /// What it does, in one or two sentences, with units and ranges.
    package let summary: String
    /// Codes of the errors it raises beside `script.argument`.
    package let errors: [String]
    /// What the plugin must name in its manifest: `record.read`, `record.write`, `ledger.post`.
    package let capability: String?
    /// Lines that run as they stand, as the body of a function.
    package let example: String
    /// The host functions it stands on; none for what is computed in the script's own state.
    package let calls: [String]

    package var isMethod: Bool { kind == .method }

    /// `record.find`, `money:add`, `reject`.
    package var qualifiedName: String {
        module.isEmpty ? name : module + (kind == .method ? ":" : ".") + name
    }

    /// - Parameter signature: `record.find(type: string, filter?: table): Record?`, `money:add(other: money): money`,
    ///   `tenant.currency: string`.
    /// - Parameter calls: nil for the host function of the same name, where there is one.
    init(
        _ signature: String, _ summary: String, errors: [String] = [], capability: String? = nil, calls: [String]? = nil,
        example: String
    ) {
        let open = signature.firstIndex(of: "(")
        let close = signature.lastIndex(of: ")")
        let head = String(signature[..<(open ?? signature.firstIndex(of: ":") ?? signature.endIndex)])
        let isMethod = open != nil && head.contains(":")
        let parts = head.split(separator: isMethod ? ":" : ".", maxSplits: 1).map(String.init)
        kind = open == nil ? .field : isMethod ? .method : .function
        module = parts.count == 2 ? parts[0] : ""
        name = parts[parts.count - 1]
        if let open, let close {
            parameters = Self.parameters(String(signature[signature.index(after: open)..<close]))
            let rest = signature[signature.index(after: close)...]
            result = rest.hasPrefix(": ") ? String(rest.dropFirst(2)) : nil
        } else {
            parameters = []
            result = signature.firstIndex(of: ":").map { String(signature[signature.index($0, offsetBy: 2)...]) }
        }
        self.summary = summary
        self.errors = errors
        self.capability = capability
        self.example = example
        let own = head.replacing(":", with: ".")
        self.calls = calls ?? (HostAPI.functions.contains { $0.qualifiedName == own } ? [own] : [])
    }

    /// Splits at commas that stand outside of braces.
    private static func parameters(_ text: String) -> [Parameter] {
        var pieces: [String] = []
        var depth = 0
        var piece = ""
        for character in text {
            if character == "{" || character == "(" { depth += 1 }
            if character == "}" || character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                pieces.append(piece)
                piece = ""
            } else {
                piece.append(character)
            }
        }
        if !piece.isEmpty { pieces.append(piece) }
        return pieces.map { piece in
            let colon = piece.firstIndex(of: ":") ?? piece.endIndex
            var name = String(piece[..<colon].filter { $0 != " " })
            let isOptional = name.hasSuffix("?") || name == "..."
            if name.hasSuffix("?") { name.removeLast() }
            let type = colon == piece.endIndex ? "any" : String(piece[piece.index(after: colon)...].drop { $0 == " " })
            return Parameter(name: name, type: type, isOptional: isOptional)
        }
    }

    /// Where it may be called: where all that it stands on may be.
    package var phases: PhaseSet {
        HostReference.phases(calls)
    }

    /// How many arguments a call may have.
    package var argumentCounts: ClosedRange<Int> {
        let least = parameters.filter { !$0.isOptional }.count
        return least...(parameters.contains(where: \.isVariadic) ? Int.max : parameters.count)
    }

    /// `record.find(type, filter?)`
    package var call: String {
        guard kind != .field else { return qualifiedName }
        return "\(qualifiedName)(\(parameters.map { $0.name + ($0.isOptional && !$0.isVariadic ? "?" : "") }.joined(separator: ", ")))"
    }
}

/// All that is told of what scripts can use, module by module.
package enum HostReference {
    package static let entries: [HostEntry] =
        record + ledger + sequence + tax + rules + reports + facts + dates + money + decimals + texts + files + refusals + logs + jobs + effects + traces

    private static let byName = Dictionary(entries.map { ($0.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })

    /// The entry of a dotted name such as `record.find`; methods are not found here.
    package static func entry(_ path: String) -> HostEntry? { byName[path] }

    /// The host functions that run when a script uses this name; nil when nobody told.
    package static func calls(_ path: String) -> [String]? {
        if let entry = byName[path] { return entry.calls }
        return functions[path] == nil ? nil : [path]
    }

    private static let functions = Dictionary(HostAPI.functions.map { ($0.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })

    package static func phases(_ calls: [String]) -> PhaseSet {
        calls.reduce(PhaseSet.all) { $0.intersection(functions[$1]?.phases ?? .all) }
    }
}
