import Core
import Testing

@testable import kontor

/// The log, read from the command line.
@Suite struct LogVerbTests {
    @Test func `lines are found by plugin, level, event, business and word`() throws {
        let folder = try TemporaryFolder()
        try Files.createDirectory("\(folder.path)/log")
        let lines = [
            #"{"level":"info","event":"request","request_id":"r1","tenant":1}"#,
            #"{"level":"error","event":"script.log","tenant":1,"plugin":"layby","run":"r2","message":"Automation: layby 7 failed"}"#,
            #"{"level":"error","event":"script.log","tenant":2,"plugin":"pos","run":"r3","message":"no paper"}"#,
            #"{"level":"info","event":"script.log","tenant":1,"plugin":"layby","run":"r4","message":"Automation: done"}"#, "half a line",
        ]
        try Files.writeAtomically("\(folder.path)/log/kontor.log", lines.joined(separator: "\n") + "\n")
        func run(_ words: String...) throws -> [Int] {
            let (output, status) = try Child.run(Kontor.binary, ["logs"] + words + ["--data", folder.path])
            #expect(status == 0, "\(output)")
            return output.split(separator: "\n").map { line in lines.firstIndex(of: String(line)) ?? -1 }
        }
        #expect(try run("--module", "layby", "--level", "error") == [1])
        #expect(try run("--text", "Automation") == [1, 3])
        #expect(try run("--tenant", "1") == [0, 1, 3])
        #expect(try run("--event", "script.log", "--level", "error") == [1, 2])
        #expect(try run("--request", "r1") == [0])
        #expect(try run() == [0, 1, 2, 3, 4])
        #expect(try Child.run(Kontor.binary, ["logs", "--level", "loud", "--data", folder.path]).status == ExitCode.usage.rawValue)
    }
}
