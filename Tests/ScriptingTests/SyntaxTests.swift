import Core
import Foundation
import Testing

@testable import Scripting

/// The parser that the checker uses against the compiler that the scripts run on.
@Suite struct SyntaxTests {
    private static let home = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All Lua in the repository.
    private static func sources() throws -> [(String, [UInt8])] {
        var list: [(String, [UInt8])] = []
        for folder in ["Plugins", "Rules", "Sources/Platform/Prelude", "Tests/Corpus"] {
            guard let files = FileManager.default.enumerator(at: home.appending(path: folder), includingPropertiesForKeys: nil) else { continue }
            for case let file as URL in files where file.pathExtension == "lua" {
                list.append((file.lastPathComponent, [UInt8](try Data(contentsOf: file))))
            }
        }
        return list.sorted { $0.0 < $1.0 }
    }

    private func compiles(_ source: [UInt8]) -> ScriptFault? {
        do throws(ScriptFault) {
            _ = try CompiledChunk(source, name: "test")
            return nil
        } catch { return error }
    }

    private func parses(_ source: [UInt8]) -> LuaSyntaxError? {
        do throws(LuaSyntaxError) {
            _ = try LuaTree(source)
            return nil
        } catch { return error }
    }

    @Test func `every shipped file parses`() throws {
        let sources = try Self.sources()
        #expect(sources.count > 20)
        for (name, source) in sources where compiles(source) == nil {
            #expect(parses(source) == nil, "\(name)")
        }
    }

    /// Cuts, doubles and swaps pieces of real files: what the compiler takes, the parser takes; and where only the compiler
    /// refuses, it is for what is beyond the grammar.
    @Test func `mangled texts are taken and refused as the compiler does`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed)
        let sources = try Self.sources().map(\.1).filter { $0.count < 8_000 }
        let beyond = ["goto", "break", "const", "label", "attempt to assign", "multiple to-be-closed", "limit", "too many", "UTF-8", "zero byte", "overflow", "C levels"]
        let bits = ["end", "(", ")", "{", "}", "=", ",", "\"", "--", "[[", "]]", "0x", "1e", "..", ":", "::", "local ", "function ", "~", "//", "if ", "\n", "\\", "€"]
        for _ in 0..<4_000 {
            guard var source = sources.randomElement(using: &random) else { return }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0...source.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: source.insert(contentsOf: Array(bits.randomElement(using: &random)?.utf8 ?? "".utf8), at: at)
                case 1: source.removeSubrange(at..<min(source.count, at + Int.random(in: 1...6, using: &random)))
                default: source = Array(source[..<at])
                }
            }
            let compiler = compiles(source)
            let parser = parses(source)
            let text = String(decoding: source, as: UTF8.self)
            if compiler == nil { #expect(parser == nil, "seed \(seed): \(text)") }
            if parser == nil, let compiler, !beyond.contains(where: compiler.message.contains) {
                Issue.record("seed \(seed): only the compiler refuses: \(compiler.message)\n\(text)")
            }
            if let compiler, let parser, compiler.message.contains("expected near") {
                #expect(abs(parser.position.line - compiler.line) <= 1, "seed \(seed): \(compiler.message) \(parser)\n\(text)")
            }
        }
    }

    @Test(arguments: [
        ("x = 3", 3 as Int64, nil), ("x = 0x10", 16, nil), ("x = 0xffffffffffffffff", -1, nil), ("x = 9223372036854775807", .max, nil),
        ("x = 9223372036854775808", nil, 9_223_372_036_854_775_808.0), ("x = 3.", nil, 3.0), ("x = .5", nil, 0.5), ("x = 1e2", nil, 100.0),
        ("x = 0x.8", nil, 0.5), ("x = 0xA.8p1", nil, 21.0), ("x = 0x1p-1", nil, 0.5), ("x = 3.e1", nil, 30.0),
    ] as [(String, Int64?, Double?)])
    func `numbers are read as Lua reads them`(source: String, integer: Int64?, float: Double?) throws {
        let tree = try LuaTree(Array(source.utf8))
        guard case .assign(_, let values)? = tree.main.body.first?.kind else { throw Problem(500, "test", "no assignment") }
        switch values[0].kind {
        case .integer(let value): #expect(value == integer)
        case .float(let value, _): #expect(value == float)
        default: Issue.record("no number")
        }
    }

    @Test(arguments: [
        (#""a\tb""#, "a\tb"), (#""\x41\65\u{20AC}""#, "AA€"), ("[[\nx]]", "x"), ("[==[a]]b]==]", "a]]b"), (#"'it\'s'"#, "it's"), ("\"a\\z   \n  b\"", "ab"),
    ])
    func `strings are read as Lua reads them`(literal: String, text: String) throws {
        let tree = try LuaTree(Array("return \(literal)".utf8))
        #expect(tree.returned?.text == text)
    }

    @Test func `places count lines and characters`() throws {
        let tree = try LuaTree(Array("local a = 1\r\nlocal e = \"ü€\" .. b\n  --[[ x\n]] c()".utf8))
        #expect(tree.globals.map(\.name) == ["b", "c"])
        #expect(tree.globals.map(\.position) == [LuaPosition(line: 2, column: 19), LuaPosition(line: 4, column: 4)])
        #expect(parses(Array("local é".utf8)) == LuaSyntaxError(position: LuaPosition(line: 1, column: 7), message: "unexpected symbol “é”"))
    }

    @Test func `names are resolved to their locals`() throws {
        let tree = try LuaTree(Array("local x = x; do local x = 2; x = x + y end; function z() return x end; local function f() return f end".utf8))
        #expect(tree.globals.map(\.name) == ["x", "y", "z"])
        #expect(tree.globals.map(\.isWrite) == [false, false, true])
        #expect(tree.locals.map(\.reads) == [1, 1, 1])
        #expect(tree.locals.map(\.writes) == [0, 1, 0])
    }

    @Test(arguments: ["(", "{", "- ", "not ", "function() return ", "a.", "f{", "x..", "1+", "a[", "if x then "])
    func `what is nested without end is refused, not followed`(piece: String) {
        let source = Array(("return " + String(repeating: piece, count: 100_000)).utf8)
        #expect(parses(Array(source.prefix(250_000))) != nil)
    }
}

/// Steele, Lea, Flood: “Fast splittable pseudorandom number generators” (2014).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
