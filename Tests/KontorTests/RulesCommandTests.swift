import Core
import Testing

@testable import kontor

/// Rules in folders, as two people have them.
@Suite struct RulesCommandTests {
    private func rules(_ words: String..., data: TemporaryFolder) throws -> (output: String, status: Int32) {
        try Child.run(Kontor.binary, ["rules"] + words + ["--tenant", "acme.localhost", "--data", data.path, "--home", Kontor.home])
    }

    @Test func `drafts are found without naming them, checked and published`() throws {
        let data = try Kontor.demoData()
        let mine = try TemporaryFolder()
        #expect(try rules("pull", mine.path, data: data).status == 0)
        #expect(try rules("check", data: data).output.contains("0 checked"))
        let file = mine.path + "/Rules/tax/gh-standard.lua"
        try Files.writeAtomically(file, try Files.text(file) + "\n-- mine\n")
        #expect(try rules("push", mine.path, data: data).output.contains("1 pushed"))
        #expect(try rules("list", data: data).output.split(separator: "\n").contains { $0.contains("gh-standard") && $0.contains("yes") })
        #expect(try rules("check", data: data).output.contains("1 checked"))
        #expect(try rules("publish", "--message", "why not", data: data).output.contains("gh-standard.lua is version 2"))
        #expect(try rules("publish", data: data).output.contains("no drafts"))
        // What is in force is shown as it is, by its path or in short.
        let text = try Files.text(file)
        for name in ["Rules/tax/gh-standard.lua", "tax/gh-standard"] {
            let shown = try rules("show", name, data: data)
            #expect(shown.status == 0 && shown.output.trimmed == text.trimmed && text.hasSuffix("-- mine\n"), "\(name): \(shown.output.prefix(200))")
        }
        #expect(try rules("show", "tax/none", data: data).status == 1)
    }

    @Test func `a file is shown by its path, by its place in its folder, and by its name alone where no other has it`() throws {
        let data = try Kontor.demoData()
        let shipped = try Files.text("\(Kontor.home)/Rules/layby/default.lua")
        for name in ["default", "layby/default", "Rules/layby/default.lua"] {
            let shown = try rules("show", name, data: data)
            #expect(shown.status == 0 && shown.output.contains(shipped.dropLast()), "\(name): \(shown.output)")
        }
        // charts/standard, payments/standard, posting/standard.
        #expect(try rules("show", "standard", data: data).status == ExitCode.usage.rawValue)
        #expect(try rules("show", "nothing", data: data).status == ExitCode.refused.rawValue)
    }

    @Test func `who pulled before somebody else published does not undo it`() throws {
        let data = try Kontor.demoData()
        let mine = try TemporaryFolder(), yours = try TemporaryFolder()
        for folder in [mine, yours] { #expect(try rules("pull", folder.path, data: data).status == 0) }
        let path = "/Rules/tax/gh-standard.lua"
        let source = try Files.text(mine.path + path)
        try Files.writeAtomically(yours.path + path, source + "\n-- yours\n")
        #expect(try rules("push", yours.path, "--publish", data: data).status == 0)
        try Files.writeAtomically(mine.path + path, "-- mine\n" + source)
        let refused = try rules("push", mine.path, "--publish", data: data)
        #expect(refused.status == 1 && refused.output.isEmpty, "\(refused.output)")
        #expect(try rules("list", data: data).output.split(separator: "\n").contains { $0.contains("gh-standard") && $0.contains("  2  ") })
        #expect(try rules("push", mine.path, "--publish", "--force", data: data).status == 0)
        #expect(try rules("pull", yours.path, data: data).status == 0)
        #expect(try Files.text(yours.path + path) == "-- mine\n" + source)
    }
}

extension String {
    /// Without line feeds at its end: the command line ends what it prints with one.
    fileprivate var trimmed: Substring {
        var text = self[...]
        while text.last == "\n" { text.removeLast() }
        return text
    }
}
