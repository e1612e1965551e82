import Core

extension HostReference {
    /// The modules in the order of the page, with what each is about.
    private static let modules: [(name: String, title: String)] = [
        ("record", "records of record types"), ("Record", "what `record` gives"), ("ledger", "double-entry posting"),
        ("sequence", "gapless numbers"), ("tax", "a document's taxes"), ("rules", "rule sets in force"), ("report", "declared queries"), ("money", "exact amounts"),
        ("decimal", "exact numbers"), ("date", "business dates, as ISO text"), ("tenant", "the business"), ("branch", "its branches"),
        ("user", "who asks"), ("settings", "the plugin's settings"), ("text", "lines of a fixed width"),
        ("file", "files, and comma-separated values"), ("job", "work for later"), ("event", "what others are told"),
        ("http", "requests to others"), ("mail", "mail"), ("message", "short messages"), ("print", "printers"),
        ("secret", "what proves who asks"), ("log", "what authors read"), ("trace", "how a result came about"),
        ("", "refusals"),
    ]

    /// `Plugins/REFERENCE.md`, as it should be.
    package static var page: String {
        var text = """
            # What scripts can use

            Made from the table of host functions by `kontor lua reference`; a test runs every example and holds this page to the table.
            Beside it scripts have Lua 5.4 without `io`, `os`, `debug` and `load`; see `Sources/Scripting/README.md`.

            Words after a colon are types, `?` marks what may be left out. Money is exact, in minor units of one currency; dates are ISO
            text. A wrong argument raises `script.argument`. A call where it is not allowed raises `script.phase`; one that the manifest
            did not ask for raises `script.capability`.

            | may be called | in the phases |
            |---|---|
            | anywhere | all |
            | where scripts write | \(PhaseSet.writing.names) |
            | where money moves | \(PhaseSet.posting.names) |

            """
        for (name, title) in modules {
            // What is called by a module's own name stands with the module: money "10.00".
            let list = entries.filter { entry in
                if !entry.module.isEmpty { return entry.module == name }
                return name.isEmpty ? !modules.contains { $0.name == entry.name } : entry.name == name
            }
            guard !list.isEmpty else { continue }
            text += "\n## \(name.isEmpty ? "Refusals" : "`\(name)`: \(title)")\n"
            for entry in list { text += section(entry) }
        }
        text += """

            ## Tests

            Only files under `tests/` and the tests of rule files have these words, beside all that scripts have; capabilities are not asked
            for. Nothing leaves a test: what would be sent is looked at.

            """
        for entry in testing { text += section(entry) }
        return text
    }

    private static func section(_ entry: HostEntry) -> String {
        var text = "\n### `\(entry.signature)`\n\n\(entry.summary)\n"
        var facts: [String] = []
        if let place = place(entry.phases) { facts.append("Called \(place).") }
        if let capability = entry.capability { facts.append("Needs the capability `\(capability)`.") }
        if !entry.errors.isEmpty { facts.append("Raises \(entry.errors.map { "`\($0)`" }.joined(separator: ", ")).") }
        if !facts.isEmpty { text += "\n\(facts.joined(separator: " "))\n" }
        return text + "\n```lua\n\(entry.example)\n```\n"
    }

    private static func place(_ phases: PhaseSet) -> String? {
        switch phases {
        case .all: nil
        case .writing: "where scripts write"
        case .posting: "where money moves"
        default: "in the phases \(phases.names)"
        }
    }
}

extension HostEntry {
    /// `record.find(type: string, filter?: table): Record?`
    package var signature: String {
        let list = parameters.map { "\($0.name)\($0.isOptional && !$0.isVariadic ? "?" : ""): \($0.type)" }.joined(separator: ", ")
        let result = result.map { ": \($0)" } ?? ""
        return kind == .field ? "\(qualifiedName)\(result)" : "\(qualifiedName)(\(list))\(result)"
    }
}
