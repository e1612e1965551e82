import Core
import Foundation
import Testing

/// A real server in a process of its own that writes down what it takes: `Tests/Sinks/sink.py`.
final class Sink {
    let port: Int
    private let process = Process()
    private let input = Pipe()
    private let file: String

    /// - Parameter kind: smtp, http or raw.
    init(_ kind: String, status: Int? = nil) throws {
        file = try Files.temporaryDirectory("kontor-sink") + "/taken"
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["\(Shop.home)/Tests/Sinks/sink.py", kind, file] + (status.map { [String($0)] } ?? [])
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the sink did not come up: \(line)")
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? Files.removeTree(Files.parent(file))
    }

    /// Everything that it took, in order.
    func taken() throws -> [Core.Value] {
        guard Files.exists(file) else { return [] }
        return try Files.text(file).split(separator: "\n").map { try JSON.parse(String($0)) }
    }
}
