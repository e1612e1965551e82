import Core
import Foundation
import Glibc
import TestSupport
import Testing

/// The `kontor` script, on a tree that was never built, with a compiler that waits until it is let go.
@Suite struct LauncherTests {
    /// A tree of its own: the script, one source, a pretended compiler and the pipe that it waits at.
    private final class Tree {
        let folder: String
        private var started: [Process] = []

        init() throws {
            folder = try Files.temporaryDirectory("kontor-launcher")
            try FileManager.default.createDirectory(atPath: folder + "/Sources", withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: Repository.home + "/kontor", toPath: folder + "/kontor")
            try "".write(toFile: folder + "/Package.swift", atomically: true, encoding: .utf8)
            try "".write(toFile: folder + "/Sources/main.swift", atomically: true, encoding: .utf8)
            let compiler = """
                #!/bin/sh
                echo build >> "\(folder)/builds"
                read -r word < "\(folder)/gate"
                [ "$word" = go ] || exit 1
                mkdir -p "\(folder)/.build/release"
                printf '#!/bin/sh\\necho "ran $1"\\n' > "\(folder)/.build/release/kontor"
                chmod +x "\(folder)/.build/release/kontor"
                """
            try compiler.write(toFile: folder + "/swift", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/swift")
            mkfifo(folder + "/gate", 0o600)
        }

        deinit {
            for process in started where process.isRunning { process.terminate() }
            // Whoever still waits at the gate reads its end.
            let gate = open(folder + "/gate", O_RDWR | O_NONBLOCK)
            for process in started { process.waitUntilExit() }
            close(gate)
            try? Files.removeTree(folder)
        }

        func start(_ word: String) throws -> (process: Process, output: Pipe, errors: Pipe) {
            let (process, output, errors) = (Process(), Pipe(), Pipe())
            process.executableURL = URL(fileURLWithPath: folder + "/kontor")
            process.arguments = [word]
            process.environment = ProcessInfo.processInfo.environment.merging(["KONTOR_SWIFT": folder + "/swift"]) { $1 }
            process.standardOutput = output
            process.standardError = errors
            try process.run()
            started.append(process)
            return (process, output, errors)
        }

        /// Waits until a compiler stands at the gate, and tells it.
        func tell(_ word: String) {
            let gate = open(folder + "/gate", O_WRONLY)
            _ = (word + "\n").utf8CString.withUnsafeBytes { Glibc.write(gate, $0.baseAddress, $0.count - 1) }
            close(gate)
        }

        var builds: Int { get throws { try Files.text(folder + "/builds").split(separator: "\n").count } }
    }

    private func text(_ pipe: Pipe) -> String { String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self) }
    private func rest(_ pipe: Pipe) -> String { String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }

    @Test func `two that come at once build once, and both run`() throws {
        let tree = try Tree()
        let first = try tree.start("one")
        #expect(text(first.errors) == "kontor: building (the first time takes some minutes)\n")
        let second = try tree.start("two")
        try #require(text(second.errors) == "kontor: waiting for a build that is under way\n")
        tree.tell("go")
        #expect(rest(first.output) == "ran one\n")
        #expect(rest(second.output) == "ran two\n")
        first.process.waitUntilExit()
        second.process.waitUntilExit()
        #expect([first.process.terminationStatus, second.process.terminationStatus] == [0, 0])
        #expect(rest(second.errors) == "")
        #expect(try tree.builds == 1)
    }

    @Test func `a build that fails is told, and the next one builds again`() throws {
        let tree = try Tree()
        let first = try tree.start("one")
        tree.tell("no")
        first.process.waitUntilExit()
        #expect(first.process.terminationStatus == 1)
        #expect(rest(first.output) == "")
        let second = try tree.start("two")
        tree.tell("go")
        #expect(rest(second.output) == "ran two\n")
        let third = try tree.start("three")
        #expect(rest(third.output) == "ran three\n")
        #expect(try tree.builds == 2)
    }
}
