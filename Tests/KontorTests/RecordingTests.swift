import Testing

@testable import kontor

@Suite struct RecordingTests {
    @Test func `what grows evenly goes on growing and what is the same stays in the text`() throws {
        let recording = try Recording(
            (5...7).map { id in
                [
                    "SAVEPOINT request",
                    "INSERT INTO pos_sales VALUES (\(id), 'INV-\(padded(id))', 'it''s', x'00\(id)', 12.5)",
                    "INSERT INTO lines VALUES (\(2 * id), \(id)), (\(2 * id + 1), \(id))",
                    "RELEASE request",
                ]
            })
        #expect(
            recording.text == """
                statement 59
                INSERT INTO pos_sales VALUES (?, ?, 'it''s', ?, 12.5)
                integer 8 1
                text 2
                literal 4
                INV-
                counter 8 1 6
                blob 1
                statement 42
                INSERT INTO lines VALUES (?, ?), (?, ?)
                integer 16 2
                integer 8 1
                integer 17 2
                integer 8 1

                """
                .replacingSizes())
    }

    @Test func `digests become noise and times stand still`() throws {
        let parts = Recording.parts(
            #"{"id":41,"at":"2026-01-05T09:30:00.123Z","digest":"a1b2"}"#,
            #"{"id":42,"at":"2026-01-05T09:30:00.987Z","digest":"ffe0"}"#)
        #expect(
            parts == [
                .literal(#"{"id":"#), .counter(start: 43, step: 1, width: 1),
                .literal(#","at":"2026-01-05T09:30:00.987Z","digest":""#), .noise(bytes: 4), .literal(#""}"#),
            ])
    }

    @Test func `requests that are not alike are refused`() {
        #expect(throws: Recording.Failure.self) { try Recording([["SELECT 1"], ["SELECT 1"], ["SELECT 1", "SELECT 2"]]) }
        #expect(throws: Recording.Failure.self) { try Recording([["SELECT 'a'"], ["SELECT 'b'"], ["SELECT NULL"]]) }
    }

    @Test(arguments: ["SELECT 'a''b', \"x\"\"y'\", x'0a', max'q', 12, t1.c2, 1.5 -- '", "", "'", "9"])
    func `splitting loses nothing`(sql: String) {
        let joined = SQLText.split(sql).map(\.text).joined()
        #expect(joined == sql || joined == sql + "'")
    }

    private func padded(_ number: Int) -> String {
        String(repeating: "0", count: 6 - String(number).count) + String(number)
    }
}

extension String {
    /// Statement sizes filled in, so that the expectation need not count bytes.
    fileprivate func replacingSizes() -> String {
        var lines = split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for index in lines.indices where lines[index].hasPrefix("statement ") {
            lines[index] = "statement \(lines[index + 1].utf8.count)"
        }
        return lines.joined(separator: "\n")
    }
}
