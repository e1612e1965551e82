import Core
import Scripting

/// Which plugins go with each other, and in which order they are read.
enum DependencyOrder {
    /// Puts plugins behind what they depend on, else leaves them in their order.
    /// - Throws: 422 `plugin.dependency_cycle` naming the plugins that wait for each other.
    static func sorted(_ manifests: [Manifest]) throws(Problem) -> [Manifest] {
        var result: [Manifest] = []
        var waiting = manifests
        let names = Set(manifests.map(\.name))
        while !waiting.isEmpty {
            let done = Set(result.map(\.name))
            let next = waiting.firstIndex { manifest in
                (manifest.dependencies + manifest.optional).allSatisfy { !names.contains($0.name) || done.contains($0.name) || $0.name == manifest.name }
            }
            guard let next else {
                throw Problem(
                    422, "plugin.dependency_cycle", "These plugins wait for each other: \(waiting.map(\.name).joined(separator: ", ")).")
            }
            result.append(waiting.remove(at: next))
        }
        return result
    }

    /// Whether they can be installed together: what each needs is there in a version that fits, and no two exclude each other.
    /// - Throws: 422 `plugin.dependency`, 409 `plugin.excluded`, naming both.
    static func check(_ manifests: [Manifest]) throws(Problem) {
        for manifest in manifests {
            for (needed, range) in manifest.dependencies {
                guard let other = manifests.first(where: { $0.name == needed }) else {
                    throw Problem(422, "plugin.dependency", "\(manifest.name) needs the plugin \(needed) \(range), which is not installed.")
                }
                guard other.fits(range) else {
                    throw Problem(422, "plugin.dependency", "\(manifest.name) \(manifest.version) needs \(needed) \(range), and this is \(other.version).")
                }
            }
            for (wished, range) in manifest.optional {
                guard let other = manifests.first(where: { $0.name == wished }), !other.fits(range) else { continue }
                throw Problem(422, "plugin.dependency", "\(manifest.name) \(manifest.version) goes with \(wished) \(range) only, and this is \(other.version).")
            }
            for excluded in manifest.conflicts {
                let words = excluded.split(separator: " ", maxSplits: 1).map(String.init)
                guard let other = manifests.first(where: { $0.name == words[0] && $0.name != manifest.name }),
                    words.count < 2 || other.fits(words[1])
                else { continue }
                throw Problem(409, "plugin.excluded", "\(manifest.name) cannot be installed beside \(other.name) \(other.version).")
            }
            for contract in manifest.requires where !manifests.contains(where: { $0.name != manifest.name && $0.provides.contains(contract) }) {
                throw Problem(422, "plugin.dependency", "\(manifest.name) needs a plugin that provides “\(contract)”, and none does.")
            }
        }
    }
}

extension Manifest {
    func fits(_ range: String) -> Bool {
        guard let version = try? SemanticVersion(version), let range = try? VersionRange(range) else { return false }
        return range.contains(version)
    }

    /// Reads `plugin.lua` out of a plugin's files.
    /// - Throws: 422 `plugin.no_manifest`, `ScriptFault`, `DeclarationError`.
    package init(files: [String: [UInt8]]) throws {
        guard let source = files["plugin.lua"] else { throw Problem(422, "plugin.no_manifest", "The package has no plugin.lua.") }
        try self.init(try Program(base: HostAPI.bare, CompiledChunk(source, name: "plugin.lua")).describe(), file: "plugin.lua")
    }
}
