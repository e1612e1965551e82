import Core
import Server

/// A log in a file of its own.
final class TestLog {
    let writer: LogWriter
    private let folder: String

    init() throws {
        folder = try Files.temporaryDirectory("kontor-log")
        writer = try LogWriter(to: .file("\(folder)/log"), minimum: .debug)
    }

    deinit {
        writer.close()
        try? Files.removeTree(folder)
    }

    func lines(_ event: String) throws -> [Value] {
        writer.flush()
        return try Files.text("\(folder)/log").split(separator: "\n").map { try JSON.parse(String($0)) }.filter {
            $0["event"]?.string == event
        }
    }
}
