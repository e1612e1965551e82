import Core
import Scripting

/// One thing that is wrong, or looks wrong, in a file of Lua.
package struct Finding: Sendable, Hashable {
    package enum Severity: String, Sendable {
        /// The file must not go into force.
        case error
        case warning
    }

    /// `Rules/tax/gh-standard.lua`, `pos/routes/create_sale.lua`
    package var file: String
    /// From 1; nil where the whole file is meant.
    package var line: Int?
    /// From 1, in characters.
    package var column: Int?
    package var severity: Severity
    /// `check.phase`, `script.contract`: stable.
    package var code: String
    /// The path in what the file returns, where that is what is wrong: `fees.late_fee_amount`.
    package var field: String?
    package var message: String
    /// What to do instead, where that is known.
    package var hint: String?

    package init(
        _ file: String, _ position: LuaPosition?, _ severity: Severity = .error, _ code: String, _ message: String, hint: String? = nil,
        field: String? = nil
    ) {
        self.file = file
        line = position?.line
        column = position?.column
        self.severity = severity
        self.code = code
        self.field = field
        self.message = message
        self.hint = hint
    }

    package var value: Value {
        [
            "file": .string(file), "line": line.map { .int(Int64($0)) } ?? .null, "column": column.map { .int(Int64($0)) } ?? .null,
            "severity": .string(severity.rawValue), "code": .string(code), "field": field.map(Value.string) ?? .null,
            "message": .string(message), "hint": hint.map(Value.string) ?? .null,
        ]
    }

    /// `file:line:column: message`, as editors and shells understand it.
    package var text: String {
        let place = [file, line.map(String.init), column.map(String.init)].compactMap { $0 }.joined(separator: ":")
        return "\(place): \(severity.rawValue): \(message)\(hint.map { " (\($0))" } ?? "")"
    }

    /// The members of `value`, for the API's description.
    package static let schema: Schema = .object([
        .init("file", .string(), required: true), .init("line", .nullable(.integer(minimum: 1))), .init("column", .nullable(.integer(minimum: 1))),
        .init("severity", .string(allowed: ["error", "warning"]), required: true), .init("code", .string(), required: true),
        .init("field", .nullable(.string())), .init("message", .string(), required: true), .init("hint", .nullable(.string())),
    ])
}

extension [Finding] {
    package var hasErrors: Bool { contains { $0.severity == .error } }

    /// By file, then place, errors first where two are at one place; none twice.
    package var inOrder: [Finding] {
        var seen: Set<Finding> = []
        return filter { seen.insert($0).inserted }.sorted { left, right in
            (left.file, left.line ?? 0, left.column ?? 0, left.severity.rawValue) < (right.file, right.line ?? 0, right.column ?? 0, right.severity.rawValue)
        }
    }
}

/// The name that was most likely meant: at most a third of its letters away.
enum Spelling {
    static func nearest(to word: String, among names: some Sequence<String>) -> String? {
        var best: (name: String, distance: Int)?
        for name in names where name != word {
            let limit = max(1, Swift.min(word.count, name.count) / 3)
            let distance = distance(Array(word.lowercased()), Array(name.lowercased()), limit: limit)
            if distance <= limit, distance < best?.distance ?? .max { best = (name, distance) }
        }
        return best?.name
    }

    /// Insertions, deletions, changes and swaps of neighbours between the two.
    static func distance(_ a: [Character], _ b: [Character], limit: Int) -> Int {
        if abs(a.count - b.count) > limit { return limit + 1 }
        var older: [Int] = []
        var last = Array(0...b.count)
        for i in 1...Swift.max(1, a.count) where !a.isEmpty {
            var row = [i]
            for j in 1...Swift.max(1, b.count) where !b.isEmpty {
                var cost = Swift.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = Swift.min(cost, older[j - 2] + 1) }
                row.append(cost)
            }
            older = last
            last = row
        }
        return last[b.count]
    }
}
