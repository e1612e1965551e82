import Core
import Testing

@Suite struct CSVTests {
    private func cells(_ text: String) throws -> [[String]] { try CSV.parse(Array(text.utf8), limit: 100).map(\.cells) }

    @Test func `rows are read as RFC 4180 has them`() throws {
        #expect(try cells("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n\n,\n") == [["a", "b"], ["1", "x, \"y\"\nz"], ["", ""]])
        #expect(try cells("\u{FEFF}é,ü") == [["é", "ü"]])
        #expect(try cells("") == [])
        #expect(try CSV.parse(Array("a\n\"b\nc\"\nd".utf8), limit: 9).map(\.line) == [1, 2, 4])
    }

    @Test(arguments: ["\"a", "\"a\"b", "a\n1\n2\n3"]) func `what is no table is refused`(_ text: String) {
        #expect(throws: CSV.Fault.self) { try CSV.parse(Array(text.utf8), limit: 3) }
    }

    @Test func `bytes that are no text are refused`() {
        #expect(throws: CSV.Fault.self) { try CSV.parse([0xFF, 0xFE], limit: 3) }
    }

    @Test(arguments: ["", "plain", "a,b", "\"", "a\r\nb", " x ", "=1+1", "'=1", "-5", "'", "''=x", "'a"])
    func `what is written is read again`(_ text: String) throws {
        let rows = try CSV.parse(CSV.row([CSV.guarded(text), "x"]), limit: 9)
        #expect(rows.count == 1 && CSV.unguarded(rows[0].cells[0]) == text)
        #expect(!["=", "+", "-", "@"].contains(rows[0].cells[0].first))
    }
}
