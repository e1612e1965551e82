/// What `kontor help` and `--help` print.
enum Help {
    static func printOverview() {
        var text = "Kontor: many businesses in one house, each under rules of its own.\n\nUsage: kontor COMMAND [WORDS] [OPTIONS]\n\n"
        let width = Tool.verbs.map { title($0).count }.max() ?? 0
        for verb in Tool.verbs {
            text += "  \(padded(title(verb), width))  \(verb.summary)\n"
        }
        text += "\nEvery command takes --help, --json and --data DIR. Exit codes: 0 done, 1 refused or not in order,\n"
        text += "64 the command line makes no sense, 69 data or server not to be had, 70 a fault of ours.\n"
        standardOutput(text)
    }

    static func printFamily(_ verbs: [Verb]) {
        let width = verbs.map { title($0).count }.max() ?? 0
        standardOutput(verbs.map { "  kontor \(padded(title($0), width))  \($0.summary)\n" }.joined())
    }

    static func print(_ verb: Verb) {
        var text = "Usage: kontor \(title(verb)) [OPTIONS]\n\n\(verb.summary).\n"
        if !verb.details.isEmpty { text += "\n\(verb.details)\n" }
        let options = verb.options + [.data, .home, .json, .help]
        let names = options.map { "--\($0.name)" + ($0.value.map { " \($0)" } ?? "") }
        let width = names.map(\.count).max() ?? 0
        text += "\n" + zip(names, options).map { "  \(padded($0, width))  \($1.summary)\n" }.joined()
        standardOutput(text)
    }

    private static func title(_ verb: Verb) -> String {
        verb.operands.isEmpty ? verb.name : "\(verb.name) \(verb.operands)"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

enum HelpVerbs {
    static let all = [
        Verb("version", "", "Say which version this is") { invocation in
            invocation.answer(.object(["name": "kontor", "version": .string(Tool.version)])) { "kontor \(Tool.version)" }
            return .done
        },
        Verb("help", "[COMMAND]", "List the commands, or describe one") { invocation in
            let words = invocation.arguments.words
            if words.isEmpty {
                Help.printOverview()
            } else if let verb = Tool.verbs.first(where: { $0.path == words }) {
                Help.print(verb)
            } else {
                let family = Tool.verbs.filter { $0.path.starts(with: words) }
                guard !family.isEmpty else { throw UsageError("“\(words.joined(separator: " "))” is not a command") }
                Help.printFamily(family)
            }
            return .done
        },
    ]
}
