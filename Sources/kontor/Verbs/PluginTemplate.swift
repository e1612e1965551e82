import Core
import Platform

/// The files that a new plugin begins with: enough to be installed, used and tested.
struct PluginTemplate {
    private let name: String
    private let publisher: String

    /// - Throws: `UsageError` for a name that no plugin can have.
    init(name: String, publisher: String) throws {
        let isName = name.utf8.first.map { (97...122).contains($0) } ?? false
        guard isName, name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }) else {
            throw UsageError("“\(name)” is no name for a plugin: use small letters, digits and underscores")
        }
        self.name = name
        self.publisher = publisher
    }

    /// - Returns: the files, by their paths in the folder.
    /// - Throws: 409 `plugin.folder_exists`.
    func write(to folder: String) throws -> [String] {
        guard !Files.exists("\(folder)/plugin.lua") else {
            throw Problem(409, "plugin.folder_exists", "There is a plugin in \(folder) already.")
        }
        for (path, text) in files {
            try Files.createDirectory(Paths.parent("\(folder)/\(path)"))
            try Files.writeAtomically("\(folder)/\(path)", text + "\n")
        }
        return files.map(\.0)
    }

    private var files: [(String, String)] {
        [
            ("plugin.lua", """
            return {
              name = "\(name)", version = "0.1.0", title = "\(name)",
              publisher = "\(publisher)", license = "proprietary",
              api = "\(Kernel.apis[0])", kernel = ">=\(Kernel.version)",
              permissions = {
                { "\(name).view", title = "See what \(name) keeps" },
                { "\(name).edit", title = "Change what \(name) keeps" },
              },
              roles = { manager = { "\(name).view", "\(name).edit" } },
            }
            """),
            ("records/note.lua", """
            return {
              type = "\(name).note", title = "Note", path = "\(name)-notes",
              permissions = { read = "\(name).view", write = "\(name).edit" },
              fields = {
                { "text", "text", required = true, max = 200 },
                { "done", "boolean", default = false },
              },
            }
            """),
            ("routes/open_notes.lua", """
            return {
              method = "GET", path = "/api/\(name)/open", permission = "\(name).view",
              summary = "Count the notes that are not done",
              output = { { "open", "integer", required = true } },
              run = function()
                return { open = record.count("\(name).note", { done = false }) }
              end,
            }
            """),
            ("tests/open_notes_test.lua", """
            describe("open notes", function()
              it("counts those that are not done", function()
                -- There may be notes already: tests run on a copy of the business.
                local before = call("GET", "/api/\(name)/open").body.open
                given.record("\(name).note", { text = "call back" })
                given.record("\(name).note", { text = "paid", done = true })
                expect(call("GET", "/api/\(name)/open").body.open):equals(before + 1)
              end)
            end)
            """),
        ]
    }
}
