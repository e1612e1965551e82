import Core
import Scripting

/// Checks rule files and whole plugins without running them, and tells all that is wrong with each at once.
///
/// What it refuses would fail later: while a customer waits. So it looks at each name, each call of the host API with the phase
/// in which it would run, what the plugin may touch, what a contract demands, and where a float would meet money.
package enum ScriptCheck {
    // MARK: Rule files

    /// - Parameter contracts: those that are installed, by id.
    /// - Returns: findings in the order of the text; none when the file may go into force.
    package static func ruleFile(_ path: String, source: [UInt8], contracts: [String: Contract]) -> [Finding] {
        guard case .success(let file) = parse(path, module: nil, source) else { return compileFindings(path, source) }
        var findings: [Finding] = []
        if let file { findings += lint(ruleFile: file) }
        do {
            _ = try RuleContent(source: source, path: path, contracts: contracts)
        } catch {
            findings += finding(error, path, source).map { [$0] } ?? []
            findings += furtherFaults(path, source, contracts, after: error)
        }
        return findings.inOrder
    }

    /// Names, floats and phases of a rule file that compiles.
    private static func lint(ruleFile file: LuaFile) -> [Finding] {
        let reach = ReachCheck(files: [:])
        var findings = NameCheck(file: file, surface: .scripts, modules: nil).findings() + reach.loading(file)
        for (name, function) in file.exports.sorted(by: { $0.key < $1.key }) {
            findings += reach.findings(file, function, .compute, as: "“\(name)” of a rule file")
        }
        return findings
    }

    /// The contract's faults beyond the first, which is what loading tells.
    private static func furtherFaults(_ path: String, _ source: [UInt8], _ contracts: [String: Contract], after error: any Error) -> [Finding] {
        guard error is DeclarationError, let chunk = try? CompiledChunk(source, name: path),
            let value = try? Program(base: HostAPI.base, chunk).describe(), let contract = value["contract"]?.string.flatMap({ contracts[$0] })
        else { return [] }
        return contract.faults(value, file: path).map { declaration($0, source) }
    }

    // MARK: Plugins

    /// Checks a plugin's files, tests included.
    /// - Parameters:
    ///   - files: by their path in the plugin's folder.
    ///   - dependencies: the packages that are installed, in their order.
    package static func plugin(_ files: [String: [UInt8]], dependencies: [PluginPackage]) -> [Finding] {
        guard let source = files["plugin.lua"] else {
            return [Finding("plugin.lua", nil, .error, "plugin.no_manifest", "the plugin has no plugin.lua", hint: "begin with name, version and title")]
        }
        let manifest: Manifest
        do {
            manifest = try Manifest(try Program(base: HostAPI.bare, try CompiledChunk(source, name: "plugin.lua")).describe(), file: "plugin.lua")
        } catch {
            return finding(error, "plugin.lua", source).map { [$0] } ?? [Finding("plugin.lua", nil, .error, "script.refused", "\(error)")]
        }
        return PluginCheck(manifest: manifest, files: files, dependencies: dependencies).findings()
    }

    // MARK: Parts

    enum Parsed {
        /// nil when it is too deeply nested for a tree; then only the compiler has looked at it.
        case success(LuaFile?)
        case failure
    }

    static func parse(_ name: String, module: String?, _ source: [UInt8]) -> Parsed {
        guard (try? CompiledChunk(source, name: name)) != nil else { return .failure }
        return .success(try? LuaFile(name: name, module: module, source: source))
    }

    static func compileFindings(_ name: String, _ source: [UInt8]) -> [Finding] {
        do {
            _ = try CompiledChunk(source, name: name)
            return []
        } catch {
            return finding(error, name, source).map { [$0] } ?? []
        }
    }

    /// What an error of loading says, with the place in the text.
    static func finding(_ error: any Error, _ file: String, _ source: [UInt8]) -> Finding? {
        switch error {
        case let error as DeclarationError: return declaration(error, source)
        case let fault as ScriptFault:
            var position = fault.line > 0 ? LuaPosition(line: fault.line, column: 1) : nil
            if fault.verdict == .compile, let own = syntaxError(source), own.position.line == fault.line || position == nil {
                position = own.position
            } else if let line = position?.line {
                position = LuaPosition(line: line, column: firstColumn(source, line: line))
            }
            return Finding(fault.file.isEmpty ? file : fault.file, position, .error, fault.problem.code, fault.message)
        default:
            guard let problem = (error as? any ProblemConvertible)?.problem, problem.status < 500 else { return nil }
            return Finding(file, nil, .error, problem.code, problem.detail, field: problem.field)
        }
    }

    static func declaration(_ error: DeclarationError, _ source: [UInt8]) -> Finding {
        var position = LuaPlaces(source).position(of: error.field)
        if let line = error.line, line != position.line { position = LuaPosition(line: line, column: firstColumn(source, line: line)) }
        let what = error.field.isEmpty ? "what the file returns" : "“\(error.field)”"
        return Finding(error.file, position, .error, "script.contract", "\(what) \(error.message)", field: error.field)
    }

    private static func syntaxError(_ source: [UInt8]) -> LuaSyntaxError? {
        do {
            _ = try LuaTree(source)
            return nil
        } catch {
            return error
        }
    }

    /// Where a line's text begins.
    private static func firstColumn(_ source: [UInt8], line: Int) -> Int {
        let lines = source.split(separator: 10, maxSplits: line, omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count else { return 1 }
        let indent = lines[line - 1].prefix { $0 == 32 || $0 == 9 }.count
        return indent < lines[line - 1].count ? indent + 1 : 1
    }
}
