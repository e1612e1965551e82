import Core
import Scripting

/// Runs a script's function for the host API, and tells a business refusal from a fault.
enum ScriptCall {
    /// - Parameter invoker: as of `Program.run`.
    static func run(_ program: Program, _ path: String, _ arguments: [Value], invoker: String? = nil, _ host: HostRun) throws -> Value {
        try translating(program) {
            try host.scope.spending(plugin: host.package?.name) { limits in
                try program.run(path, arguments, invoker: invoker, limits: limits, seed: host.scope.seed, host: host)
            }
        }
    }

    /// Calls with arguments and results as the bytes that cross.
    static func run<Result>(
        _ program: Program, _ path: String, _ host: HostRun, arguments: (inout FlatWriter) throws -> Void,
        result: (inout FlatReader) throws -> Result
    ) throws -> Result {
        try translating(program) {
            try host.scope.spending(plugin: host.package?.name) { limits in
                try program.run(path, limits: limits, seed: host.scope.seed, host: host, arguments: arguments, result: result)
            }
        }
    }

    /// Calls the function once for each list, written as one array of arrays; the result is one array.
    static func each<Result>(
        _ program: Program, _ path: String, _ host: HostRun, arguments: (inout FlatWriter) throws -> Void,
        result: (inout FlatReader) throws -> Result
    ) throws -> Result {
        try translating(program) {
            try host.scope.spending(plugin: host.package?.name) { limits in
                try program.each(path, limits: limits, seed: host.scope.seed, host: host, arguments: arguments, result: result)
            }
        }
    }

    /// A `reject` that nobody caught becomes the problem that it names; all else stays what it is.
    private static func translating<T>(_ program: Program, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let fault as ScriptFault {
            guard let value = fault.value, value["kind"]?.string == "reject", let code = value["code"]?.string else { throw fault.placed(in: program) }
            var extra: [(String, Value)] = []
            if let errors = value["errors"], errors != .null { extra.append(("errors", errors)) }
            if let params = value["params"], params != .null { extra.append(("params", params)) }
            // Scripts can raise such a table without `reject`, so its members are what they please.
            let status = value["http"]?.int.flatMap { (400...499).contains($0) ? Int($0) : nil } ?? 422
            throw Problem(status, code, value["message"]?.string ?? code, field: value["field"]?.string, extra: extra)
        }
    }
}

extension ScriptFault {
    /// With the program's own file where the run could name none: a result that cannot cross has no line.
    func placed(in program: Program) -> ScriptFault {
        guard file.isEmpty, verdict == .result else { return self }
        let entry = program.entry
        return ScriptFault(
            verdict, message, file: entry.hasSuffix(".lua") ? entry : entry.replacing(".", with: "/") + ".lua", line: line,
            stack: stack, value: value, cause: cause, usage: usage, log: log, duringLoad: duringLoad)
    }
}
