import Core
import Glibc
import Platform

/// Finds the verb that the command line names, runs it, and turns whatever happens into one line and an exit code.
enum Tool {
    static let version = Kernel.version

    static let verbs: [Verb] =
        ServeVerb.all + DemoVerb.all + TenantVerbs.all + UserVerbs.all + TokenVerbs.all + BranchVerbs.all + AccessVerbs.all
        + RulesVerbs.all + LuaVerbs.all + PluginVerbs.all + PluginAuthorVerbs.all + JobVerbs.all + SettingsVerbs.all
        + LedgerVerbs.all + ReconcileVerbs.all + BackupVerbs.all + RecoveryVerbs.all + ReadOnlyVerbs.all + MigrationVerbs.all
        + AlertVerbs.all + DatabaseVerbs.all + StatisticsVerbs.all + MaintenanceVerbs.all + BenchVerb.all + HelpVerbs.all

    static func run(_ raw: [String]) -> Int32 {
        // A reader that goes away (`kontor ledger export | head`) is an error of one write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            return try dispatch(raw).rawValue
        } catch let error as UsageError {
            complain("\(error.message). See kontor \(nearestHelp(raw)).")
            return ExitCode.usage.rawValue
        } catch let problem as Problem {
            complain(problem)
            return (problem.status < 500 ? ExitCode.refused : .unavailable).rawValue
        } catch let error as any ProblemConvertible {
            complain(error.problem)
            return (error.problem.status < 500 ? ExitCode.refused : .unavailable).rawValue
        } catch {
            complain("\(error)")
            return ExitCode.fault.rawValue
        }
    }

    private static func dispatch(_ raw: [String]) throws -> ExitCode {
        let words = raw.prefix { !$0.hasPrefix("-") }
        if raw.isEmpty || raw == ["--help"] || raw == ["-h"] {
            Help.printOverview()
            return raw.isEmpty ? .usage : .done
        }
        if raw == ["--version"] { return try dispatch(["version"]) }
        guard let verb = verbs.filter({ words.starts(with: $0.path) }).max(by: { $0.path.count < $1.path.count }) else {
            let family = verbs.filter { $0.path.first == words.first }
            guard !family.isEmpty else { throw UsageError("“\(raw[0])” is not a command") }
            if words.count == 1, raw.count == 1 || raw.contains("--help") {
                Help.printFamily(family)
                return raw.contains("--help") ? .done : .usage
            }
            throw UsageError("“\(words.prefix(2).joined(separator: " "))” is not a command")
        }
        let arguments = try Arguments(
            raw.dropFirst(verb.path.count), options: verb.options + [.json, .help, .data, .home])
        if arguments.has("help") {
            Help.print(verb)
            return .done
        }
        return try verb.run(Invocation(arguments))
    }

    private static func nearestHelp(_ raw: [String]) -> String {
        let words = raw.prefix { !$0.hasPrefix("-") }
        if let verb = verbs.filter({ words.starts(with: $0.path) }).max(by: { $0.path.count < $1.path.count }) {
            return "\(verb.name) --help"
        }
        return verbs.contains { $0.path.first == words.first } ? "\(words[0]) --help" : "help"
    }

    static func complain(_ message: String) {
        standardError("kontor: \(message)\n")
    }

    private static func complain(_ problem: Problem) {
        let field = problem.field.map { " [\($0)]" } ?? ""
        complain("\(problem.detail)\(field) (\(problem.code))")
    }
}
