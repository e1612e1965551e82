import Core
import Testing

@Suite struct NumberFormatTests {
    @Test(arguments: [
        ("INV-{year}-{seq:6}", 42, "INV-2026-000042"), ("INV-{year}-{seq:6}", 12_345_678, "INV-2026-12345678"),
        ("{branch}/{year}{month}{day}/{seq}", 7, "ACC-01/20260105/7"), ("é{seq:2}", 0, "é00"),
        ("{seq:18}", 1, "000000000000000001"),
    ])
    func `numbers are rendered and never cut`(format: String, sequence: Int64, expected: String) throws {
        let rendered = try NumberFormat(format).render(
            sequence: sequence, date: CalendarDate("2026-01-05"), branch: "ACC-01")
        #expect(rendered == expected)
    }

    @Test(arguments: [
        ("INV-{yeer}-{seq}", .unknownPlaceholder("yeer", column: 5)), ("{}{seq}", .unknownPlaceholder("", column: 1)),
        ("{seq", .unbalancedBrace(column: 1)), ("{seq}}", .unbalancedBrace(column: 6)), ("a}{seq}", .unbalancedBrace(column: 2)),
        ("{seq:0}", .invalidWidth("0", column: 1)), ("{seq:19}", .invalidWidth("19", column: 1)),
        ("{seq:}", .invalidWidth("", column: 1)), ("{seq:+6}", .invalidWidth("+6", column: 1)),
        ("INV-{year}", .missingSequence), ("{seq}-{seq:4}", .repeatedSequence(column: 7)), ("", .invalidText),
        ("{seq}\n", .invalidText), (String(repeating: "x", count: 56) + "{seq}", .invalidText),
    ] as [(String, NumberFormatError)])
    func `a wrong format is refused with its column`(format: String, expected: NumberFormatError) {
        let error = #expect(throws: NumberFormatError.self) { try NumberFormat(format) }
        #expect(error == expected)
    }

    @Test func `a branch that is asked for must be there`() throws {
        let format = try NumberFormat("{branch}-{seq}")
        #expect(format.hasBranch && !format.hasYear)
        #expect(throws: NumberFormatError.missingBranch) {
            try format.render(sequence: 1, date: CalendarDate("2026-01-05"))
        }
    }
}

@Suite struct VersionTests {
    @Test func `versions are ordered as semver.org prints`() throws {
        let ascending = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
        ]
        let versions = try ascending.map { try SemanticVersion($0) }
        #expect(versions.shuffled().sorted().map(\.description) == ascending)
        #expect(try SemanticVersion("1.0.0+a") == SemanticVersion("1.0.0+b"))
        #expect(try SemanticVersion("1.0.0-x.1+5").description == "1.0.0-x.1+5")
    }

    @Test(arguments: ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.x", "v1.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+", "-1.2.3", "1.2.9999999999", " 1.2.3"])
    func `other text is no version`(text: String) {
        #expect(throws: VersionError.invalidVersion(text)) { try SemanticVersion(text) }
    }

    @Test(arguments: [
        (">=1.8 <3", ["1.8.0", "2.9.9"], ["1.7.9", "3.0.0", "2.0.0-beta"]), ("^2.1", ["2.1.0", "2.99.0"], ["2.0.9", "3.0.0"]),
        ("^0.2.1", ["0.2.1", "0.2.9"], ["0.3.0", "0.2.0"]), ("^0.0.3", ["0.0.3"], ["0.0.4"]), ("^0", ["0.9.0"], ["1.0.0"]),
        ("~1.2", ["1.2.0", "1.2.9"], ["1.3.0"]), ("~1.2.3", ["1.2.3"], ["1.2.2", "1.3.0"]), ("~1", ["1.9.0"], ["2.0.0"]),
        ("1.2", ["1.2.0", "1.2.7"], ["1.3.0", "1.1.9"]), ("=1.2.3", ["1.2.3"], ["1.2.4"]), ("*", ["0.0.1", "9.0.0"], ["1.0.0-a"]),
        (">1.2", ["1.3.0"], ["1.2.9"]), ("<=1.2", ["1.2.9"], ["1.3.0"]), (">1.2.3", ["1.2.4"], ["1.2.3"]),
        ("<1.2", ["1.1.9"], ["1.2.0"]), ("^1 || ^3", ["1.5.0", "3.0.0"], ["2.0.0"]),
        (">=1.0.0-beta.2", ["1.0.0-beta.3", "1.0.0", "2.0.0"], ["1.0.0-beta.1", "1.0.1-beta.3"]),
    ])
    func `ranges admit and refuse`(range: String, inside: [String], outside: [String]) throws {
        let range = try VersionRange(range)
        for version in inside { #expect(try range.contains(SemanticVersion(version)), "\(version)") }
        for version in outside { #expect(try !range.contains(SemanticVersion(version)), "\(version)") }
    }

    @Test(arguments: ["", " ", "||", "^", ">= 1.8", "=>1", "1.2.3.4", "^1 ||", "latest", "1.x"])
    func `other text is no range`(text: String) {
        #expect(throws: VersionError.invalidRange(text)) { try VersionRange(text) }
    }
}
