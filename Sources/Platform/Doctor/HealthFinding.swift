import Core

/// One thing that was looked at, and how it is.
package struct HealthFinding: Sendable {
    package let what: String
    package let isWell: Bool
    /// What was found, in a sentence; what to do where it is not well.
    package let detail: String

    package init(_ what: String, _ isWell: Bool, _ detail: String) {
        self.what = what
        self.isWell = isWell
        self.detail = detail
    }

    package var value: Value { ["what": .string(what), "ok": .bool(isWell), "detail": .string(detail)] }

    /// What an examination answers.
    package static func report(_ findings: [HealthFinding]) -> Value {
        ["ok": .bool(findings.allSatisfy(\.isWell)), "items": .array(findings.map(\.value))]
    }
}
