import CBridge
import Core

/// How a compilation or a run ended. The raw values are those of the bridge.
package enum Verdict: Int32, Sendable, CaseIterable {
    case ok
    /// The script raised an error and did not catch it.
    case error
    case compile
    case steps, time, memory
    /// The log limit.
    case output
    /// The result cannot cross: a kind, size, depth or number that is refused.
    case result
    /// Too many host calls, or a host result beyond its limit.
    case host
    /// The host ended the run; `ScriptFault.cause` says why.
    case cancelled
    /// Runs inside runs inside runs.
    case depth
    /// A fault of ours, never of the script.
    case `internal`

    /// The last part of the published code.
    package var name: String {
        switch self {
        case .ok: "ok"
        case .error: "error"
        case .compile: "compile"
        case .steps: "steps"
        case .time: "time"
        case .memory: "memory"
        case .output: "output"
        case .result: "result"
        case .host: "host_limit"
        case .cancelled: "cancelled"
        case .depth: "depth"
        case .internal: "internal"
        }
    }

    /// A budget was reached: the run was left, and so must be the one around it.
    package var isLimit: Bool {
        switch self {
        case .steps, .time, .memory, .output, .host, .cancelled, .depth, .internal: true
        case .ok, .error, .compile, .result: false
        }
    }
}

/// Why a script gave no result.
package struct ScriptFault: Error, Sendable {
    package let verdict: Verdict
    /// One sentence, at most 4 KB, without file and line.
    package let message: String
    /// Where; empty when unknown.
    package let file: String
    /// Where; 0 when unknown.
    package let line: Int
    /// One line per frame: `pos/routes/sales.lua@r412:14: in total`.
    package let stack: String
    /// The table that the script raised, if it was one.
    package let value: Value?
    /// What the host function threw that the script did not catch, or that ended the run.
    package let cause: (any Error)?
    package let usage: Usage
    /// What `print` wrote.
    package let log: String
    /// The program itself did not load.
    package let duringLoad: Bool

    package init(
        _ verdict: Verdict, _ message: String, file: String = "", line: Int = 0, stack: String = "", value: Value? = nil,
        cause: (any Error)? = nil, usage: Usage = Usage(), log: String = "", duringLoad: Bool = false
    ) {
        self.verdict = verdict
        self.message = message
        self.file = file
        self.line = line
        self.stack = stack
        self.value = value
        self.cause = cause
        self.usage = usage
        self.log = log
        self.duringLoad = duringLoad
    }

    /// `file:line`, or the file alone, or nothing.
    package var place: String { line > 0 ? "\(file):\(line)" : file }
}

extension ScriptFault: ProblemConvertible {
    package var code: String { "script.\(verdict.name)" }

    /// What the host threw, with the script's place added; else 422 `script.<verdict>`, 503 for `script.internal`.
    package var problem: Problem {
        if let cause = cause as? any ProblemConvertible {
            var problem = cause.problem
            if !place.isEmpty, !problem.extra.contains(where: { $0.0 == "where" }) {
                problem.extra.append(("where", .string(place)))
            }
            return problem
        }
        let status = verdict == .internal || cause != nil ? 503 : 422
        let detail = place.isEmpty ? message : "\(place): \(message)"
        var problem = Problem(status, cause != nil ? "script.internal" : code, detail)
        if !place.isEmpty { problem.extra.append(("where", .string(place))) }
        return problem
    }
}

extension ScriptFault: CustomStringConvertible {
    package var description: String {
        "\(code)\(place.isEmpty ? "" : " at \(place)"): \(message)\(stack.isEmpty ? "" : "\n\(stack)")"
    }
}

extension ScriptFault {
    init(_ failure: kl_failure) {
        var failure = failure
        let file = withUnsafePointer(to: &failure.file) {
            $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
        }
        let message = withUnsafePointer(to: &failure.message) {
            $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
        }
        self.init(Verdict(rawValue: failure.verdict) ?? .internal, message, file: file, line: Int(failure.line))
    }

    init(_ report: kl_report, cause: (any Error)?, log: String) {
        let file = String(cString: report.file), line = Int(report.line)
        var message = String(cString: report.message)
        if line > 0, message.hasPrefix("\(file):\(line): ") {
            message.removeFirst(file.count + String(line).count + 3)
        }
        var reader = FlatReader(UnsafeRawBufferPointer(start: report.value, count: report.value_length))
        self.init(
            Verdict(rawValue: report.verdict) ?? .internal, message, file: file, line: line,
            stack: String(cString: report.stack), value: reader.isAtEnd ? nil : try? reader.readValue(), cause: cause,
            usage: Usage(report.usage), log: log, duringLoad: report.during_load)
    }
}
