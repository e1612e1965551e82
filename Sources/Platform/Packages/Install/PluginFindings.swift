import Core
import Synchronization

/// What the check of a plugin's files finds, remembered for the plans that follow each other: the second of them is made in the
/// tenant's lane.
enum PluginFindings {
    private static let most = 16
    private static let known = Mutex<[(key: String, findings: [Finding])]>([])

    /// - Parameters:
    ///   - hash: of the files.
    ///   - plugins: those that are there, the one in question included.
    static func of(_ files: [String: [UInt8]], hash: String, _ plugins: InstalledPlugins) -> [Finding] {
        let key = plugins.packages.map(\.hash).joined(separator: " ") + "/" + hash
        if let found = known.withLock({ $0.first { $0.key == key } }) { return found.findings }
        let findings = ScriptCheck.plugin(files, dependencies: plugins.packages.filter { $0.hash != hash })
        known.withLock { list in
            if list.count >= most { list.removeFirst() }
            list.append((key, findings))
        }
        return findings
    }
}
