import Core
import Scripting

/// Checks all files of one plugin together.
struct PluginCheck {
    let manifest: Manifest
    let files: [String: [UInt8]]
    let dependencies: [PluginPackage]

    /// `pos/routes/create_sale.lua` for `routes/create_sale.lua`: how faults name files.
    private func name(_ path: String) -> String { path == "plugin.lua" ? path : "\(manifest.name)/\(path)" }

    private func module(_ path: String) -> String { "\(manifest.name).\(path.dropLast(4).replacing("/", with: "."))" }

    func findings() -> [Finding] {
        var findings: [Finding] = []
        var parsed: [(path: String, file: LuaFile)] = []
        for (path, source) in files.sorted(by: { $0.key < $1.key }) where path.hasSuffix(".lua") && path != "plugin.lua" {
            switch ScriptCheck.parse(name(path), module: module(path), source) {
            case .success(let file): if let file { parsed.append((path, file)) }
            case .failure: findings += ScriptCheck.compileFindings(name(path), source)
            }
        }
        let compiles = findings.isEmpty
        let modules = Dictionary(parsed.map { (module($0.path), $0.file) }, uniquingKeysWith: { first, _ in first })
        var reach = ReachCheck(files: modules)
        reach.rights = rights(declaredTypes: parsed)
        let requirable = requirable
        for (path, file) in parsed {
            let isTest = path.hasPrefix("tests/")
            let check = NameCheck(
                file: file, surface: isTest ? .tests : .scripts, further: isTest ? TestNames.all : [], modules: requirable)
            findings += check.findings()
            if isTest { continue }
            findings += reach.loading(file) + reach.rights(file)
            for (entry, phase, what) in entries(path, file) { findings += reach.findings(file, entry, phase, as: what) }
        }
        if compiles { findings += declarations() }
        return findings.inOrder
    }

    /// Own modules and the `lib` modules of what it depends on.
    private var requirable: Set<String> {
        var names = Set(files.keys.filter { $0.hasPrefix("lib/") && $0.hasSuffix(".lua") }.map(module))
        for (needed, _) in manifest.dependencies + manifest.optional {
            for module in dependencies.first(where: { $0.name == needed })?.modules.keys.filter({ $0.hasPrefix("\(needed).lib.") }) ?? [] {
                names.insert(module)
            }
        }
        return names
    }

    private func rights(declaredTypes parsed: [(path: String, file: LuaFile)]) -> ReachCheck.Rights {
        var types: [String: String] = [:]
        for package in dependencies { for type in package.recordTypes { types[type.name] = package.name } }
        for (path, file) in parsed where path.hasPrefix("records/") {
            if let type = LuaPlaces.member("type", of: file)?.text { types[type] = manifest.name }
        }
        var granted: Set<String> = []
        for (area, value) in manifest.capabilities {
            granted.insert(area)
            for (verb, _) in value.object ?? Object() { granted.insert("\(area).\(verb)") }
        }
        return ReachCheck.Rights(
            plugin: manifest.name, types: types, readable: Set(manifest.readableTypes), writable: Set(manifest.writableTypes), granted: granted)
    }

    /// The functions of a file that the kernel calls, and in which phase.
    private func entries(_ path: String, _ file: LuaFile) -> [(LuaFunction, Phase, String)] {
        let folder = path.split(separator: "/").first.map(String.init) ?? ""
        func entry(_ name: String, _ phase: Phase, _ what: String) -> (LuaFunction, Phase, String)? {
            file.exports[name].map { ($0, phase, what) }
        }
        switch folder {
        case "hooks":
            let told = LuaPlaces.member("on", of: file)?.text?.hasPrefix("event:") == true ? Phase.afterCommit.rawValue : nil
            guard let word = LuaPlaces.member("phase", of: file)?.text ?? told, let phase = Phase(rawValue: word) else { return [] }
            return [entry("run", phase, "a hook"), entry("fallback", phase, "a hook's fallback")].compactMap { $0 }
        case "records": return moves(file)
        case "routes":
            let method = LuaPlaces.member("method", of: file)?.text
            return [entry("run", method == "GET" ? .read : .route, method == "GET" ? "a GET route only reads" : "a route")].compactMap { $0 }
        case "jobs":
            return [entry("fetch", .fetch, "a job's fetch only reads"), entry("run", .job, "a job")].compactMap { $0 }
        case "contracts":
            return [entry("check", .compute, "a contract's check")].compactMap { $0 }
        case "rules": return file.exports.sorted { $0.key < $1.key }.map { ($0.value, .compute, "a rule file") }
        case "migrations": return file.exports.sorted { $0.key < $1.key }.map { ($0.value, .migrate, "a migration") }
        default: return []
        }
    }

    /// The functions of a record type's moves.
    private func moves(_ file: LuaFile) -> [(LuaFunction, Phase, String)] {
        var found: [(LuaFunction, Phase, String)] = []
        for (name, function) in file.exports.sorted(by: { $0.key < $1.key }) where name.hasPrefix("state.moves.") {
            if name.hasSuffix(".guard") { found.append((function, .validate, "the guard of a move only looks")) }
            if name.hasSuffix(".effect") { found.append((function, .beforeSave, "the effect of a move")) }
        }
        return found
    }

    /// What the files declare, all faults that can be told: after each the file at fault is left out and the rest read again.
    private func declarations() -> [Finding] {
        var findings: [Finding] = []
        var left = files
        while findings.count < 100 {
            do {
                let package = try PluginPackage(files: left, dependencies: dependencies)
                if findings.isEmpty { _ = try InstalledPlugins(dependencies.filter { $0.name != package.name } + [package]) }
                return findings
            } catch {
                let named = (error as? DeclarationError)?.file ?? (error as? ScriptFault)?.file ?? ""
                let path = named.hasPrefix("\(manifest.name)/") ? String(named.dropFirst(manifest.name.utf8.count + 1)) : named
                guard let finding = ScriptCheck.finding(error, named.isEmpty ? "plugin.lua" : named, files[path] ?? []) else { return findings }
                findings.append(finding)
                guard path != "plugin.lua", !path.hasPrefix("lib/"), left.removeValue(forKey: path) != nil else { return findings }
            }
        }
        return findings
    }
}

extension LuaPlaces {
    /// A member of the table that a file returns.
    static func member(_ name: String, of file: LuaFile) -> LuaExpression? {
        LuaPlaces(tree: file.tree).table?.member(name)
    }
}
