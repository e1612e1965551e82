import Core
import Scripting

/// Runs a script's function for the host API, and tells a business refusal from a fault.
enum ScriptCall {
    static func run(_ program: Program, _ path: String, _ arguments: [Value], _ limits: ScriptLimits, _ host: HostRun) throws -> Value {
        try translating { try program.run(path, arguments, limits: limits, seed: host.scope.seed, host: host).value }
    }

    /// Calls with arguments and results as the bytes that cross.
    static func run<Result>(
        _ program: Program, _ path: String, _ host: HostRun, limits: ScriptLimits = .request, arguments: (inout FlatWriter) throws -> Void,
        result: (inout FlatReader) throws -> Result
    ) throws -> Result {
        try translating {
            try program.run(path, limits: limits, seed: host.scope.seed, host: host, arguments: arguments, result: result).value
        }
    }

    /// Calls the function once for each list, written as one array of arrays; the result is one array.
    static func each<Result>(
        _ program: Program, _ path: String, _ host: HostRun, arguments: (inout FlatWriter) throws -> Void,
        result: (inout FlatReader) throws -> Result
    ) throws -> Result {
        try translating {
            try program.each(path, limits: .request, seed: host.scope.seed, host: host, arguments: arguments, result: result).value
        }
    }

    /// Calls the function once for each list of arguments, in one run.
    static func each(_ program: Program, _ path: String, _ arguments: [[Value]], _ limits: ScriptLimits, _ host: HostRun) throws -> [Value] {
        try translating { try program.each(path, arguments, limits: limits, seed: host.scope.seed, host: host).value }
    }

    /// A `reject` that nobody caught becomes the problem that it names; all else stays what it is.
    private static func translating<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let fault as ScriptFault {
            guard let value = fault.value, value["kind"]?.string == "reject", let code = value["code"]?.string else { throw fault }
            var extra: [(String, Value)] = []
            if let errors = value["errors"], errors != .null { extra.append(("errors", errors)) }
            if let params = value["params"], params != .null { extra.append(("params", params)) }
            throw Problem(
                Int(value["http"]?.int ?? 422), code, value["message"]?.string ?? code, field: value["field"]?.string, extra: extra)
        }
    }
}
