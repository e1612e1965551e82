import Testing

@testable import kontor

@Suite struct ArgumentsTests {
    private let options = [Option("port", "N", ""), Option("listen", "ADDRESS", ""), Option("json", nil, "")]

    @Test func `words and options are told apart wherever they stand`() throws {
        let arguments = try Arguments(["a", "--port=80", "b", "--json", "--listen", "x", "--listen", "y", "--", "--c"], options: options)
        #expect(arguments.words == ["a", "b", "--c"])
        #expect(arguments["port"] == "80")
        #expect(arguments.has("json") && !arguments.has("help"))
        #expect(arguments.all("listen") == ["x", "y"])
        #expect(try arguments.integer("port", in: 1...100) == 80)
    }

    @Test(arguments: [["--nope"], ["--port"], ["--json=yes"]])
    func `what makes no sense is refused`(raw: [String]) {
        #expect(throws: UsageError.self) { try Arguments(raw, options: options) }
    }

    @Test(arguments: ["0", "101", "x", "", "1.5"])
    func `numbers have their range`(text: String) throws {
        let arguments = try Arguments(["--port", text], options: options)
        #expect(throws: UsageError.self) { try arguments.integer("port", in: 1...100) }
    }
}

@Suite struct RulesFolderTests {
    @Test func `a folder gives back what was put into it and remembers versions`() throws {
        let folder = try TemporaryFolder()
        let rules = RulesFolder(folder.path)
        #expect(try rules.write("return 1", at: "Rules/tax/a.lua"))
        #expect(try !rules.write("return 1", at: "Rules/tax/a.lua"))
        #expect(try rules.write("return 2", at: "Rules/tax/a.lua"))
        #expect(try rules.write("return 3", at: "Rules/b.lua"))
        try rules.note(["Rules/tax/a.lua": 7])
        #expect(try rules.files() == ["Rules/b.lua", "Rules/tax/a.lua"])
        #expect(try rules.read("Rules/tax/a.lua") == "return 2")
        #expect(try rules.versions() == ["Rules/tax/a.lua": 7])
    }
}
