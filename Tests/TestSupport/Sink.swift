import Core
import Foundation

/// A real server in a process of its own that writes down what it takes: `Tests/Sinks/sink.py`.
package final class Sink {
    package let port: Int
    private let process = Process()
    private let input = Pipe()
    private let file: String

    /// - Parameter kind: smtp, smtps, starttls, http or raw.
    package init(_ kind: String, status: Int? = nil, certificate: TestCertificate? = nil) throws {
        file = try Files.temporaryDirectory("kontor-sink") + "/taken"
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["\(Repository.home)/Tests/Sinks/sink.py", kind, file] + (status.map { [String($0)] } ?? [])
        if let certificate { process.arguments?.append(contentsOf: ["250", certificate.path, certificate.keyPath]) }
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Problem(500, "test.no_sink", "The sink did not come up: \(line)")
        }
        self.port = port
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? Files.removeTree(Files.parent(file))
    }

    /// Everything that it took, in order.
    package func taken() throws -> [Core.Value] {
        guard Files.exists(file) else { return [] }
        return try Files.text(file).split(separator: "\n").map { try JSON.parse(String($0)) }
    }
}
