import Core

/// Which kernel this is, for plugins that name the kernels they are known to work with.
package enum Kernel {
    package static let version = "0.1.0"
    /// The epochs of the host API that it speaks.
    package static let apis = ["2026.1"]

    /// - Throws: 422 `plugin.kernel` for a plugin that was written for another kernel or another host API.
    static func check(_ manifest: Manifest) throws(Problem) {
        if let api = manifest.api, !apis.contains(api) {
            throw Problem(
                422, "plugin.kernel",
                "\(manifest.name) was written for the host API \(api); this kernel speaks \(apis.joined(separator: ", ")).", field: "api")
        }
        guard let range = manifest.kernel else { return }
        guard let wanted = try? VersionRange(range) else {
            throw Problem(422, "plugin.kernel", "kernel = “\(range)” is no range of versions, such as \">=0.1 <2\".", field: "kernel")
        }
        guard let own = try? SemanticVersion(version), wanted.contains(own) else {
            throw Problem(422, "plugin.kernel", "\(manifest.name) is known to work with kernels \(range), and this is \(version).", field: "kernel")
        }
    }
}
