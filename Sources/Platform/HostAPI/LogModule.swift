import Core

/// `log`: what a script tells its authors.
enum LogModule {
    static let functions: [HostFunction] = ["debug", "info", "warn", "error"].map { level in
        HostFunction("log", level, .all, "\(level)(message, fields)") { run, arguments in
            try run.scope.note(level, try arguments.text(0), arguments[1], plugin: run.package?.name)
            return .null
        }
    }
}
