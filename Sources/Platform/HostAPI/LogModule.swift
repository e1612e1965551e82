import Core

/// `log`: what a script tells its authors.
enum LogModule {
    static let functions: [HostFunction] = ["debug", "info", "warn", "error"].map { level in
        HostFunction("log", level, .all, "\(level)(message, fields)") { run, arguments in
            if run.scope.log.count >= 1_000 { throw RunScope.exceeded("output", 1_000, "log lines") }
            run.scope.log.append(RunScope.LogLine(level: level, message: try arguments.text(0), fields: arguments[1]))
            return .null
        }
    }
}
