import Core
import Glibc
import TestSupport
import Testing

@testable import kontor

/// The program under test, as its users have it.
enum Kontor {
    /// `KONTOR_BINARY`, else the one built beside the tests.
    static let binary: String = {
        if let given = environment("KONTOR_BINARY") { return given }
        return Paths.executableFolder + "/kontor"
    }()

    /// The repository: where `Rules`, `Plugins` and `Web` are.
    static let home = Repository.home

    /// Runs a verb to its end.
    @discardableResult
    static func run(_ words: String..., data: String) throws -> (output: String, status: Int32) {
        try Child.run(binary, words + ["--data", data, "--home", home])
    }

    /// Runs a verb that must succeed, with `--json`, and returns what it says.
    static func json(_ words: String..., data: String) throws -> Value {
        let (output, status) = try Child.run(binary, words + ["--data", data, "--home", home, "--json"])
        try #require(status == 0, "kontor \(words.joined(separator: " ")) ended with \(status): \(output)")
        return try JSON.parse(Array(output.utf8))
    }

    /// A data folder with the demo's businesses, made once and copied for each test that writes to it.
    static func demoData() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let copied = try Child.run("/bin/cp", ["-a", try template.get().path + "/.", folder.path])
        try #require(copied.status == 0)
        return folder
    }

    private static let template = Result { () throws -> TemporaryFolder in
        let folder = try TemporaryFolder()
        let made = try run("demo", "--prepare", data: folder.path)
        try #require(made.status == 0, "kontor demo --prepare: \(made.output)")
        return folder
    }
}

/// A folder that goes when its owner does.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = try Files.temporaryDirectory("kontor-test")
    }

    deinit {
        try? Files.removeTree(path)
    }
}
