import Core
import Testing

@testable import kontor

/// The verbs of the command line, all of them by one table: named, helped, honest about what makes no sense, and in JSON where
/// that is asked for.
@Suite struct VerbTests {
    /// Those that the requirements and the design name.
    private static let named = [
        "serve", "demo", "tenant list", "tenant create", "tenant show", "branch list", "branch create", "user list", "user create", "token list",
        "token create", "token revoke", "access explain", "plugin new", "plugin dev", "plugin check", "plugin test", "plugin pack", "plugin install",
        "plugin upgrade", "plugin uninstall", "plugin list", "plugin plan", "plugin rollback", "plugin export", "plugin purge", "plugin key new",
        "rules list", "rules show", "rules pull", "rules push", "rules check", "rules test", "rules impact", "rules publish", "rules rollback", "rules replay",
        "job list", "job run", "job queue", "job history", "job cancel", "job retry", "outbox list", "outbox retry", "outbox cancel",
        "ledger verify", "ledger export", "ledger periods", "freeze", "thaw", "breach", "recover", "backup", "backup test-restore",
        "backup drill", "backup list", "restore", "migrate", "migrate status", "migrate up", "migrate down", "logs", "doctor", "alerts",
        "alerts clear", "alerts settings", "alerts test", "db sizes", "db explain", "db slow", "db maintain", "db schedule", "stats endpoints",
        "stats users", "lua", "lua stubs", "lua reference", "settings list", "settings set", "secret list", "secret set", "secret remove", "bench",
        "version", "help",
    ]

    @Test func `every verb that is promised is there, once, under a name and a sentence`() {
        let names = Tool.verbs.map(\.name)
        for name in Self.named { #expect(names.contains(name), "kontor \(name)") }
        #expect(Set(names).count == names.count)
        for verb in Tool.verbs {
            #expect(!verb.summary.isEmpty && !verb.summary.hasSuffix(".") && verb.summary.first?.isUppercase == true, "\(verb.name)")
            #expect(verb.options.allSatisfy { !$0.summary.isEmpty && !["json", "help", "data", "home"].contains($0.name) }, "\(verb.name)")
        }
    }

    @Test func `every family and the overview list their verbs`() throws {
        let (overview, status) = try Child.run(Kontor.binary, ["help"])
        #expect(status == 0)
        for verb in Tool.verbs { #expect(overview.contains("  \(verb.name)"), "\(verb.name)") }
        for family in Set(Tool.verbs.filter { $0.path.count > 1 }.map { $0.path[0] }) {
            let (output, status) = try Child.run(Kontor.binary, ["help", family])
            #expect(status == 0, "help \(family)")
            // A verb of the family's own name is described instead.
            if !Tool.verbs.contains(where: { $0.path == [family] }) {
                for verb in Tool.verbs where verb.path[0] == family { #expect(output.contains("kontor \(verb.name)"), "\(verb.name)") }
            }
        }
    }

    @Test func `an option that nobody knows and a word that is missing are told as such by every verb`() throws {
        let data = try Kontor.demoData()
        for verb in Tool.verbs {
            let unknown = try Child.run("/bin/sh", ["-c", "exec \"$@\" 2>&1", "sh", Kontor.binary] + verb.path + ["--nonsense"])
            #expect(unknown.status == 64 && unknown.output.contains("--nonsense is not known here"), "\(verb.name): \(unknown)")
            // What does not begin with a bracket must be given.
            guard let first = verb.operands.first, first != "[" else { continue }
            let tenant = verb.options.contains { $0.name == "tenant" } ? ["--tenant", "acme.localhost"] : []
            let missing = try Child.run(Kontor.binary, verb.path + tenant + ["--data", data.path, "--home", Kontor.home])
            #expect(missing.status == 64, "\(verb.name): \(missing)")
        }
    }

    /// Those that only look, with what they need to look at.
    private static let looking: [(verb: String, words: [String])] = [
        ("tenant list", []), ("tenant show", ["acme.localhost"]), ("branch list", []), ("user list", []), ("token list", ["admin"]), ("plugin list", []),
        ("plugin show", ["pos"]), ("plugin plan", ["pos"]), ("plugin removed", []), ("rules list", []), ("rules show", ["tax/gh-standard"]), ("rules check", []), ("rules impact", []),
        ("rules test", ["Rules/tax/gh-standard.lua"]), ("job list", []), ("job queue", []), ("job history", []), ("outbox list", []), ("settings list", []),
        ("secret list", []), ("ledger verify", []), ("ledger periods", []), ("backup list", []), ("lua", ["1 + 1"]), ("lua stubs", []),
        ("lua reference", []), ("version", []), ("doctor", []),
        ("alerts", []), ("alerts settings", []), ("db sizes", []), ("db explain", ["layby.customer_layby"]), ("db slow", []), ("db maintain", ["--history"]),
        ("db schedule", []), ("stats endpoints", []), ("stats users", []),
    ]

    @Test func `what only looks answers with one JSON document where it is asked to`() throws {
        let data = try Kontor.demoData()
        for (name, words) in Self.looking {
            let verb = try #require(Tool.verbs.first { $0.name == name }, "\(name)")
            let tenant = verb.options.contains { $0.name == "tenant" } ? ["--tenant", "acme.localhost"] : []
            let (output, status) = try Child.run(
                Kontor.binary, verb.path + words + tenant + ["--json", "--data", data.path, "--home", Kontor.home])
            #expect([0, 1].contains(status), "\(name): \(output)")
            #expect(throws: Never.self, "\(name): \(output.prefix(300))") { try JSON.parse(Array(output.utf8), limits: JSONLimits(depth: 64, nodes: 500_000)) }
        }
    }
}
