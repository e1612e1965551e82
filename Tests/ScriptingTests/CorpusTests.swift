import CBridge
import Core
import Foundation
import Scripting
import Testing

/// One file of Tests/Corpus with what its header expects.
struct CorpusScript: Sendable {
    let name: String
    var source: [UInt8]
    private let header: [String: String]

    init(_ url: URL, root: URL) throws {
        name = String(url.path.dropFirst(root.path.count + 1))
        source = [UInt8](try Data(contentsOf: url))
        var header: [String: String] = [:]
        for line in String(decoding: source, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("-- ") else { break }
            let parts = line.dropFirst(3).split(separator: ":", maxSplits: 1)
            if parts.count == 2, !parts[0].contains(" ") { header[String(parts[0])] = parts[1].trimmingPrefix(" ").description }
        }
        self.header = header
        if let prefix = header["prefix"] { source = Array(Self.unescaped(prefix).utf8) + source }
    }

    var verdicts: Set<String> {
        Set((header["expect"] ?? "ok").split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) })
    }
    var result: String? { header["result"] }
    var message: String? { header["message"] }
    var line: Int? { header["line"].flatMap { Int($0) } }
    var fromHost: Bool? { header["from_host"].map { $0 == "true" } }
    var log: String? { header["log"].map(Self.unescaped) }
    var generate: String? { header["generate"] }
    var limits: ScriptLimits {
        ScriptLimits(
            steps: header["steps"].flatMap { UInt64($0) } ?? 2_000_000, cpuMilliseconds: 1_000, wallMilliseconds: 20_000,
            memory: 16 << 20, hostCalls: 200)
    }

    private static func unescaped(_ text: String) -> String {
        text.replacingOccurrences(of: "\\n", with: "\n").replacingOccurrences(of: "\\t", with: "\t")
            .replacingOccurrences(of: "\\27", with: "\u{1b}")
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Corpus")

    static func all() throws -> [CorpusScript] {
        let walker = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
        let files = walker.compactMap { $0 as? URL }.filter { $0.pathExtension == "lua" }.sorted { $0.path < $1.path }
        return try files.map { try CorpusScript($0, root: root) }
    }
}

/// The host that the corpus knows: demo.echo, fail, big, again.
final class CorpusHost: ScriptHost {
    static let functions = ["echo", "fail", "big", "again"].enumerated().map { HostFunction("demo", $1, id: $0) }
    static let base = ScriptBase(functions: functions)
    /// For the scripts in kernel/, which see `kernel` itself.
    static func kernelBase() throws -> ScriptBase {
        let prelude = """
            local kernel = ...
            kernel.global("kernel", kernel.setmetatable({}, { __index = kernel, __metatable = false }))
            kernel.global("guard", function(ok) if not ok then error("refused by the prelude") end end)
            """
        return ScriptBase(functions: functions, prelude: [try CompiledChunk(prelude, name: "prelude.lua", kernel: true)])
    }
    private let program: Program
    private let limits: ScriptLimits

    init(_ program: Program, _ limits: ScriptLimits) {
        self.program = program
        self.limits = limits
    }

    func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        switch function {
        case 0: results.raw(arguments.remainder)
        case 1: throw Problem(422, try arguments.readString(), "bad")
        case 2: results.string(String(repeating: "x", count: Int(try arguments.readInt())))
        default:
            let passed = arguments.remainder
            do {
                _ = try program.run(
                    "", limits: limits, seed: 1, host: self, arguments: { $0.raw(passed) },
                    result: { results.raw($0.remainder) })
            } catch let fault as ScriptFault where !fault.verdict.isLimit {
                throw Problem(422, "nested", "nested")
            }
        }
    }
}

/// How one run of a script of the corpus ended.
struct CorpusOutcome: Equatable {
    var verdict: String
    var message = ""
    var result: String?
    var log = ""
    var line = 0
    var fromHost = false
    var steps: UInt64 = 0

    init(_ script: CorpusScript, _ program: Program) {
        do {
            var json = JSONWriter()
            let result = try program.run(
                "", limits: script.limits, seed: 1, host: CorpusHost(program, script.limits), arguments: { _ in },
                result: { reader in
                    json.beginArray()
                    while !reader.isAtEnd { try reader.writeJSON(into: &json) }
                    json.endArray()
                })
            verdict = "ok"
            self.result = String(decoding: json.bytes, as: UTF8.self)
            log = result.log
            steps = result.usage.steps
        } catch let fault as ScriptFault {
            verdict = fault.verdict.name
            message = fault.message
            line = fault.line
            log = fault.log
            fromHost = fault.cause != nil
            steps = fault.usage.steps
        } catch {
            verdict = "\(error)"
        }
    }

    /// What is not as the header expects.
    func faults(_ script: CorpusScript) -> [String] {
        var faults: [String] = []
        if !script.verdicts.contains(verdict) { faults.append("\(verdict) instead of \(script.verdicts.sorted()): \(message)") }
        if let wanted = script.result, let result, wanted != result { faults.append("\(result) instead of \(wanted)") }
        if let wanted = script.message, !message.contains(wanted), !wanted.contains(script.name) {
            faults.append("\(message) instead of \(wanted)")
        }
        if let wanted = script.line, wanted != line { faults.append("line \(line) instead of \(wanted)") }
        if let wanted = script.fromHost, wanted != fromHost { faults.append("from host: \(fromHost)") }
        if let wanted = script.log, wanted != log { faults.append("log \(log) instead of \(wanted)") }
        if message.contains("ESCAPED"), !script.name.hasPrefix("return/") { faults.append(message) }
        return faults
    }
}

@Suite(.serialized) struct CorpusTests {
    /// The corpus with its programs; nil where the file does not compile.
    static func loaded() throws -> [(CorpusScript, Program?, ScriptFault?)] {
        let kernelBase = try CorpusHost.kernelBase()
        return try CorpusScript.all().map { script in
            var script = script
            let base = script.name.hasPrefix("kernel/") ? kernelBase : CorpusHost.base
            if let expression = script.generate {
                let generator = try CompiledChunk("return function() return \(expression) end", name: "generator")
                script.source = Array(
                    try Program(base: bareBase, generator).run("", limits: .request).value.string.map { $0.utf8 } ?? "".utf8)
            }
            do {
                let chunk = try CompiledChunk(script.source, name: script.name)
                return (script, Program(base: base, modules: ["main": chunk], entry: "main"), nil)
            } catch let fault as ScriptFault {
                return (script, nil, fault)
            }
        }
    }

    @Test func `every attack is contained, every exhaustion stopped, every rule right, ten times over`() throws {
        let faults = try onScriptThread {
            var faults: [String] = []
            let corpus = try Self.loaded()
            #expect(corpus.count > 300)
            for round in 1...10 {
                for (script, program, failure) in corpus {
                    if let program {
                        faults += CorpusOutcome(script, program).faults(script).map { "round \(round), \(script.name): \($0)" }
                    } else if let failure, round == 1 {
                        if !script.verdicts.contains(failure.verdict.name) { faults.append("\(script.name): \(failure)") }
                        if let wanted = script.message, !failure.message.contains(wanted) {
                            faults.append("\(script.name): \(failure.message)")
                        }
                    }
                }
            }
            return faults
        }
        #expect(faults == [])
    }

    @Test func `ten thousand replays give the same results and the same steps`() throws {
        let faults = try onScriptThread {
            var faults: [String] = []
            let corpus = try Self.loaded().filter { $0.0.verdicts.isSubset(of: ["ok", "error", "result"]) }
            var replays = 0
            var first: [String: CorpusOutcome] = [:]
            for (script, program, _) in corpus {
                guard let program else { continue }
                first[script.name] = CorpusOutcome(script, program)
            }
            let cheap = corpus.filter { first[$0.0.name].map { $0.steps < 20_000 } ?? false }
            while replays < 10_000 {
                if replays.isMultiple(of: 1_000) { Sandbox.forgetImages() }
                for (script, program, _) in cheap {
                    guard let program else { continue }
                    replays += 1
                    let outcome = CorpusOutcome(script, program)
                    if outcome != first[script.name] { faults.append("\(script.name): \(outcome)") }
                }
            }
            return faults
        }
        #expect(faults == [])
    }

    @Test func `hostile scripts leave nothing behind in the process`() throws {
        @Sendable func resident() throws -> Int {
            let text = try String(contentsOfFile: "/proc/self/statm", encoding: .ascii)
            return (Int(text.split(separator: " ")[1]) ?? 0) * 4096
        }
        let grown = try onScriptThread {
            let hostile = try Self.loaded().filter { $0.0.name.hasPrefix("escape") || $0.0.name.hasPrefix("return") }
            var before = 0
            for round in 0..<40 {
                for (script, program, _) in hostile {
                    if let program { _ = CorpusOutcome(script, program) }
                }
                if round == 4 { before = try resident() }
            }
            return try resident() - before
        }
        #expect(grown < 64 << 20)
    }

    @Test func `a script reaches exactly what the white list names`() throws {
        let list = try String(contentsOf: CorpusScript.root.appending(path: "globals.txt"), encoding: .utf8)
        let (reachable, intact) = try onScriptThread { (Sandbox.reachable(), Sandbox.isIntact) }
        #expect(reachable == list)
        #expect(intact)
        for forbidden in ["io", "os", "debug", "load", "dofile", "package", "collectgarbage"] {
            #expect(!reachable.contains("_G.\(forbidden) "))
        }
    }

    @Test func `globals are told with their lines`() throws {
        let chunk = try CompiledChunk(
            """
            local limit = LIMIT
            function total(lines)
              return sum(lines)
            end
            """, name: "x.lua")
        #expect(chunk.globals == [
            GlobalUse(name: "LIMIT", line: 1, isWrite: false), GlobalUse(name: "total", line: 2, isWrite: true),
            GlobalUse(name: "sum", line: 3, isWrite: false),
        ])
    }
}
