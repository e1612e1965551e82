import Core
import Testing

@testable import kontor

/// The README's commands do what it says, as they stand there.
@Suite struct ReadmeTests {
    @Test func `the first sale and the changed rule work as printed`() throws {
        let blocks = try Self.shellBlocks(Files.text(Kontor.home + "/README.md"))
        try #require(blocks.count == 3, "the README has \(blocks.count) blocks of commands")
        let data = try Kontor.demoData()
        let work = try TemporaryFolder()
        let server = try RunningServer(data.path)

        func run(_ block: String) throws -> String {
            let script = "set -e\ncd \(work.path)\n"
                + block.replacing("./kontor ", "\(Kontor.binary) ").replacing("--data demo", "--data \(data.path)")
                .replacing(":8080", ":\(server.port)")
            let (output, status) = try Child.run("/bin/sh", ["-c", script], environment: ["KONTOR_HOME": Kontor.home])
            try #require(status == 0, "\(script)\n\(output)")
            return output
        }
        let first = try JSON.parse(Array(try run(blocks[1]).utf8))
        #expect(first["invoice_number"]?.string?.hasPrefix("INV-") == true && first["journal_entry"]?["id"]?.int != nil)
        #expect(try run(blocks[2]).contains("1 published"))
        let second = try JSON.parse(Array(try run(blocks[1]).utf8))
        #expect(try #require(second["tax_amount"]?.int) > (try #require(first["tax_amount"]?.int)))
        #expect(server.child.stop() == 0)
    }

    static func shellBlocks(_ text: String) -> [String] {
        var blocks: [String] = []
        var block: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```sh" {
                block = ""
            } else if line == "```", let whole = block {
                blocks.append(whole)
                block = nil
            } else if block != nil {
                block? += line + "\n"
            }
        }
        return blocks
    }
}

extension String {
    fileprivate func replacing(_ old: String, _ new: String) -> String {
        var result = "", rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(old) {
                result += new
                rest = rest.dropFirst(old.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }
}
