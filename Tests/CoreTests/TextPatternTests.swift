import Core
import Testing

@Suite struct TextPatternTests {
    static let cases: [(pattern: String, fits: [String], not: [String])] = [
        ("[A-Z]{3}-[0-9]{2,4}", ["ABC-12", "XYZ-1234"], ["ABC-1", "ABC-12345", "abc-12", " ABC-12", "ABC-12\n"]),
        ("^\\+?[0-9 ]+$", ["+233 20 1234567", "5"], ["", "+", "12a"]),
        ("(cat|dog)s?", ["cat", "dogs"], ["cats dogs", "catss", ""]),
        ("a*", ["", "aaaa"], ["b", "aab"]),
        (".+@.+\\..+", ["a@b.c", "ä@ö.ü"], ["@b.c", "a@b", "a@b.\n"]),
        ("[^x]", ["y", "é", "]"], ["x", "yy", ""]),
        ("[]a-]+", ["]a-", "-"], ["b", "\\"]),
        ("a{0}b", ["b"], ["ab"]),
        ("(a|b){2,}", ["ab", "bab"], ["a"]),
        ("", [""], ["a"]),
        ("\\w+\\s\\d", ["ab_1 2"], ["ab 2x", " 2"]),
    ]

    @Test(arguments: cases.indices) func `a whole text matches or does not`(_ index: Int) throws {
        let one = Self.cases[index]
        let pattern = try TextPattern(one.pattern)
        for text in one.fits { #expect(pattern.matches(text), "\(one.pattern) \(text)") }
        #expect(pattern.matches(pattern.sample), "\(one.pattern) \(pattern.sample)")
        for text in one.not { #expect(!pattern.matches(text), "\(one.pattern) \(text)") }
    }

    @Test(arguments: ["(", ")", "a)", "[a", "*", "a{", "a{2", "a{3,1}", "\\", "\\q", "[z-a]", "(?=a)", "a^b", "((a{900}){900})"])
    func `what is no pattern is refused`(_ source: String) {
        #expect(throws: TextPattern.Fault.self) { try TextPattern(source) }
    }

    @Test func `no text makes it slow`() throws {
        // With backtracking this would take longer than the sun lasts.
        let pattern = try TextPattern("(a*)*(a|aa)+b")
        #expect(!pattern.matches(String(repeating: "a", count: 5_000)))
    }
}
