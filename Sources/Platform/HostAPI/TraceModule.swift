import Core

/// `trace`: what a script says of its way, for those who look at the run.
enum TraceModule {
    static let functions: [HostFunction] = [
        HostFunction("trace", "note", .all, "note(label, value): shown with the run: in tests, the console, a job's history, the explanation of a record") {
            run, arguments in
            let label = try arguments.text(0)
            guard (1...100).contains(label.utf8.count) else { throw arguments.wrong(0, "must have 1 to 100 characters") }
            try run.scope.trace(label, arguments[1], plugin: run.package?.name)
            return .null
        }
    ]
}
