import Core
import Foundation

/// A certificate authority of a test's own, and a server's certificate by it.
package final class TestCertificate {
    /// What trusts it.
    package let authorityPath: String
    package let path: String
    package let keyPath: String
    private let folder: String

    /// - Parameter name: whom it is for, as in a certificate: `DNS:localhost`, `IP:127.0.0.1`.
    package init(for name: String) throws {
        folder = try Files.temporaryDirectory("kontor-ca")
        authorityPath = "\(folder)/ca.pem"
        path = "\(folder)/server.pem"
        keyPath = "\(folder)/server.key"
        let authorityKey = "\(folder)/ca.key"
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try Self.openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=A test's own", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", authorityKey, "-out", authorityPath]
                + key)
        try Self.openssl(
            [
                "req", "-x509", "-days", "2", "-subj", "/CN=sink", "-CA", authorityPath, "-CAkey", authorityKey, "-addext", "subjectAltName=\(name)", "-addext",
                "basicConstraints=critical,CA:FALSE", "-keyout", keyPath, "-out", path,
            ] + key)
    }

    deinit { try? Files.removeTree(folder) }

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Problem(500, "test.openssl", "openssl failed: \(arguments)") }
    }
}
