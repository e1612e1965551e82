import Core
import Glibc
import Testing

@testable import kontor

/// Plugins from the command line, with and without a server.
@Suite struct PluginCommandTests {
    private func plugin(_ words: String..., data: TemporaryFolder? = nil) throws -> (output: String, status: Int32) {
        var all = ["plugin"] + words
        if let data { all += ["--tenant", "acme.localhost", "--data", data.path] }
        return try Child.run(Kontor.binary, all + ["--home", Kontor.home])
    }

    @Test func `a plugin is begun, checked, signed, installed, changed and taken out`() throws {
        let data = try Kontor.demoData()
        let place = try TemporaryFolder()
        let folder = place.path + "/tools"
        #expect(try plugin("new", folder, "--publisher", "tools.example").status == 0)
        #expect(try plugin("new", folder).status == 1)
        #expect(try plugin("new", place.path + "/Bad-Name").status == 64)
        let checked = try plugin("check", folder)
        #expect(checked.status == 0, "\(checked.output)")

        // A mistake is told with its file and line.
        let route = folder + "/routes/open_notes.lua"
        let source = try Files.text(route)
        try Files.writeAtomically(route, source + "\nreturn {")
        let wrong = try plugin("check", folder)
        #expect(wrong.status == 1 && wrong.output.contains("tools/routes/open_notes.lua:"), "\(wrong.output)")
        #expect(try plugin("test", folder, data: data).status == 1)
        try Files.writeAtomically(route, source)
        let tested = try plugin("dev", folder, "--once", data: data)
        #expect(tested.status == 0, "\(tested.output)")
        #expect(try plugin("list", data: data).output.contains("tools") == false)

        let key = place.path + "/tools.key", archive = place.path + "/tools.kontor"
        #expect(try plugin("pack", folder, "--key", key, "--out", archive).status != 0)
        #expect(try plugin("key", "new", "tools.example", "--out", key).status == 0)
        #expect(try plugin("key", "new", "tools.example", "--out", key).status == 1)
        #expect(try Files.mode(key) == 0o600)
        #expect(try plugin("pack", folder, "--key", key, "--out", archive).status == 0)
        let first = try Files.read(archive)
        #expect(try plugin("pack", folder, "--key", key, "--out", archive).status == 0)
        #expect(try Files.read(archive) == first)

        let plan = try plugin("plan", archive, data: data)
        #expect(plan.status == 0 && plan.output.contains("create_table tools_notes") && plan.output.contains("publisher_key"), "\(plan.output)")
        // Nobody is there to agree.
        #expect(try plugin("install", archive, data: data).status == 1)
        let server = try RunningServer(data.path)
        let installed = try plugin("install", archive, "--yes", data: data)
        #expect(installed.status == 0, "\(installed.output)")
        let admin = try server.caller()
        #expect(try admin.ask("POST", "/api/tools-notes", ["text": "call back"]).status == 201)
        #expect(try admin.get("/api/tools/open")["open"] == 1)
        #expect(try plugin("list", data: data).output.contains("tools.example"))

        let manifest = try Files.text(folder + "/plugin.lua")
        try Files.writeAtomically(folder + "/plugin.lua", manifest.replacing("0.1.0\", title", with: "0.2.0\", title"))
        #expect(try plugin("pack", folder, "--key", key, "--out", archive).status == 0)
        #expect(try plugin("upgrade", archive, "--yes", data: data).status == 0)
        #expect(try plugin("show", "tools", data: data).output.contains("0.2.0"))
        #expect(try plugin("rollback", "tools", data: data).status == 0)
        #expect(try plugin("uninstall", "tools", "--yes", data: data).status == 0)
        #expect(try admin.get("/api/tools-notes").status == 404)
        #expect(try plugin("export", "tools", data: data).output.contains("call back"))
        #expect(try plugin("purge", "tools", "--name", "tool", data: data).status == 1)
        #expect(try plugin("purge", "tools", "--name", "tools", data: data).status == 0)
        #expect(try plugin("removed", data: data).output.contains("none"))
        #expect(server.child.stop() == 0)
    }

    @Test func `the way from nothing to an installed plugin works as printed`() throws {
        let blocks = try ReadmeTests.shellBlocks(Files.text(Kontor.home + "/Plugins/README.md"))
        try #require(blocks.count == 5)
        let data = try Kontor.demoData()
        let place = try TemporaryFolder()
        let server = try RunningServer(data.path)
        // One shell for all, as a reader has it.
        var text = "set -e\ncd \(place.path)\n" + blocks.joined(separator: "echo ===\n")
        for (printed, here) in [("./kontor ", "\(Kontor.binary) "), ("--data demo", "--data \(data.path)"), (":8080", ":\(server.port)")] {
            text = text.replacing(printed, with: here)
        }
        let (output, status) = try Child.run("/bin/sh", ["-c", text], environment: ["KONTOR_HOME": Kontor.home, "HOME": place.path])
        try #require(status == 0, "\(output)")
        let parts = output.replacing("===\n", with: "\u{1}").split(separator: "\u{1}", omittingEmptySubsequences: false).map(String.init)
        try #require(parts.count == 5, "\(output)")
        #expect(parts[0].contains("0 findings") && parts[1].contains("0 findings"), "\(output)")
        #expect(parts[2].contains("create_table tools_tools") && parts[2].contains("\"fee\":3000"), "\(parts[2])")
        #expect(parts[3].contains("\"serial\":\"T-1\""), "\(parts[3])")
        #expect(parts[4].contains("\"Drill\"") && parts[4].contains("is version 0.1.0"), "\(parts[4])")
        #expect(server.child.stop() == 0)
    }

    @Test func `what is saved in a watched folder is checked at once`() throws {
        let data = try Kontor.demoData()
        let place = try TemporaryFolder()
        let folder = place.path + "/tools"
        #expect(try plugin("new", folder).status == 0)
        let server = try RunningServer(data.path)
        let child = try Child(
            Kontor.binary, ["plugin", "dev", folder, "--tenant", "acme.localhost", "--data", data.path, "--home", Kontor.home])
        var told = child.line()
        while let line = told, !line.contains("tests passed") { told = child.line() }
        #expect(told != nil)
        // A test that fails is told with its place as an editor takes it; only that file runs, and again until it passes.
        let more = folder + "/tests/more_test.lua"
        try Files.writeAtomically(more, "it(\"fails\", function()\n  trace.note(\"tried\", 3)\n  expect(1):equals(2)\nend)\n")
        #expect(child.line() == "\(folder)/tests/more_test.lua:3:3: fails: expected 2, got 1")
        #expect(child.line() == "    tried: 3")
        #expect(child.line()?.contains("1 of 1 tests of the plugin failed here") == true)
        let admin = try server.caller()
        let draft = try admin.get("/api/plugin-drafts/tools")
        #expect(draft["report"]?["ok"] == false && draft["report"]?["tests"]?[0]?["name"] == "fails", "\(draft)")
        #expect(draft["files"]?.array?.contains { $0["path"] == "tests/more_test.lua" } == true)
        #expect(try admin.get("/api/plugin-archives")["items"] == [])
        try Files.writeAtomically(more, "it(\"passes\", function() expect(1):equals(1) end)\n")
        #expect(child.line() == "ok  passes")
        #expect(child.line() == "1 tests passed on a copy, of those that the change can concern")
        #expect(try admin.get("/api/plugin-drafts/tools")["report"]?["ok"] == true)
        #expect(try admin.get("/api/plugins")["items"]?.array?.contains { $0["name"] == "tools" } == false)
        let route = folder + "/routes/open_notes.lua"
        let source = try Files.text(route)
        try Files.writeAtomically(route, source + "\nreturn {")
        let line = child.line()
        #expect(line?.contains("tools/routes/open_notes.lua:") == true, "\(line ?? "")")
        // A route may concern every test.
        try Files.writeAtomically(route, source + "\n-- a remark\n")
        var told2: [String] = []
        while let line = child.line() {
            told2.append(line)
            if line.contains("tests passed") { break }
        }
        #expect(told2.last == "2 tests passed on a copy", "\(told2)")
        child.stop()
        #expect(server.child.stop() == 0)
    }
}
