import Core
import Platform
import Testing

/// A write of several rows that fails leaves nothing, whoever catches its error: a script that can catch it runs on a
/// savepoint, all others are undone whole.
@Suite struct CaughtErrorTests {
    let shop: Shop

    init() throws {
        shop = try Shop()
        try shop.install(
            "notes",
            [
                "records/note.lua": """
                    return {
                      type = "notes.note", title = "Note", path = "notes",
                      fields = {
                        { "name", "text", required = true },
                        { "lines", "lines", fields = { { "text", "text", required = true }, { "product", "ref", to = "catalog.product" } } },
                      },
                      permissions = { read = "notes.see", write = "notes.edit" },
                    }
                    """,
                "routes/make.lua": """
                    local bad = { name = "half", lines = { { text = "one" }, { text = "two", product = 999999 } } }
                    local ways = {
                      plain = function() record.create("notes.note", bad) end,
                      pcall = function() return pcall(record.create, "notes.note", bad) end,
                      xpcall = function() return xpcall(function() record.create("notes.note", bad) end, function(e) return e end) end,
                      coroutine = function() return coroutine.resume(coroutine.create(function() record.create("notes.note", bad) end)) end,
                      -- The guard has ended: what comes after it is not caught.
                      after = function()
                        pcall(error, "first")
                        record.create("notes.note", bad)
                      end,
                    }
                    return {
                      method = "POST", path = "/api/make-note", permission = "notes.edit",
                      input = { { "way", "text", required = true } },
                      run = function(req)
                        record.create("notes.note", { name = "whole", lines = { { text = "one" } } })
                        local good, err = ways[req.body.way]()
                        return { good = good, code = type(err) == "table" and err.code or nil, notes = record.count("notes.note", {}) }
                      end,
                    }
                    """,
            ], capabilities: #"record = { read = { "catalog.product" } }"#)
    }

    private func notes() throws -> (Int64, Int64) {
        try shop.tenant.store.read { db in
            (try db.integer(.init("SELECT count(*) FROM notes_notes")), try db.integer(.init("SELECT count(*) FROM notes_note_lines")))
        }
    }

    @Test(arguments: ["pcall", "xpcall", "coroutine"])
    func `an error that is caught leaves no half`(way: String) throws {
        let answer = try shop.call(.post, "/api/make-note", ["way": .string(way)]).value
        #expect(answer["good"] == false)
        #expect(answer["notes"] == 1)
        #expect(try notes() == (1, 1))
    }

    @Test(arguments: ["plain", "after"])
    func `an error that is not caught undoes the request`(way: String) throws {
        #expect(throws: (any Error).self) { try shop.call(.post, "/api/make-note", ["way": .string(way)]) }
        #expect(try notes() == (0, 0))
    }
}
