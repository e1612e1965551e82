import Platform
import Testing

/// Which tests run again when a file is saved: those that it can concern, and all where that is not known.
@Suite struct AffectedTestsTests {
    private static let files: [String: [UInt8]] = [
        "plugin.lua": "return {}", "routes/a.lua": "local s = require \"p.lib.shared\"\nreturn { run = function() s() end }",
        "lib/shared.lua": "local deep = require \"p.lib.deep\"\nreturn deep", "lib/deep.lua": "return function() end",
        "lib/helper.lua": "return require \"p.lib.inner\"", "lib/inner.lua": "return {}", "lib/alone.lua": "return {}",
        "tests/one_test.lua": "local h = require \"p.lib.helper\"\nit(\"x\", function() fixture(\"shelf\"); h() end)",
        "tests/two_test.lua": "it(\"y\", function() replay \"recorded\" end)", "fixtures/shelf.json": "{}", "fixtures/recorded.json": "{}", "fixtures/unused.json": "{}",
    ].mapValues { Array($0.utf8) }

    @Test(arguments: [
        (["tests/one_test.lua"], ["tests/one_test.lua"]), (["lib/helper.lua"], ["tests/one_test.lua"]), (["lib/inner.lua"], ["tests/one_test.lua"]),
        (["fixtures/shelf.json"], ["tests/one_test.lua"]), (["fixtures/recorded.json", "lib/inner.lua"], ["tests/one_test.lua", "tests/two_test.lua"]),
        (["tests/gone_test.lua"], []), ([], []),
        // Whatever a route stands on may concern everything.
        (["lib/shared.lua"], nil), (["lib/deep.lua"], nil), (["routes/a.lua"], nil), (["plugin.lua"], nil), (["lib/alone.lua"], nil),
        (["fixtures/unused.json"], nil), (["tests/two_test.lua", "records/new.lua"], nil), (["lib/removed.lua"], nil),
    ] as [([String], [String]?)])
    func `what was saved concerns`(changed: [String], tests: [String]?) {
        #expect(AffectedTests.of(Self.files, changed: Set(changed), plugin: "p") == tests.map { Set($0) })
    }

    @Test func `where a file cannot be read, all run`() {
        var files = Self.files
        files["routes/a.lua"] = Array("return {".utf8)
        #expect(AffectedTests.of(files, changed: ["lib/inner.lua"], plugin: "p") == nil)
    }
}
