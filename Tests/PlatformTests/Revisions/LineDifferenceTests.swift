import Platform
import Testing

@Suite struct LineDifferenceTests {
    /// splitmix64: the same seed, the same texts.
    private struct Chance: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static func text(_ lines: [Int]) -> String { lines.map { "line \($0)" }.joined(separator: "\n") }

    private static func lines(_ chance: inout Chance) -> [Int] {
        (0..<Int.random(in: 0...40, using: &chance)).map { _ in Int.random(in: 0...9, using: &chance) }
    }

    /// The shortest script's length, by the slow and obvious table.
    private static func distance(_ a: [String], _ b: [String]) -> Int {
        var row = Array(0...b.count)
        for i in a.indices {
            var last = row[0]
            row[0] = i + 1
            for j in b.indices {
                let above = row[j + 1]
                row[j + 1] = a[i] == b[j] ? last : min(above, row[j]) + 1
                last = above
            }
        }
        return row[b.count]
    }

    private static func split(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func sides(_ changes: [LineDifference.Change]) -> (old: [String], new: [String]) {
        var old: [String] = [], new: [String] = []
        for change in changes {
            switch change {
            case .same(let line):
                old.append(line)
                new.append(line)
            case .removed(let line): old.append(line)
            case .added(let line): new.append(line)
            }
        }
        return (old, new)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a difference leads from the one text to the other and is the shortest`(seed: UInt64) {
        var chance = Chance(state: seed)
        for _ in 0..<300 {
            let a = Self.text(Self.lines(&chance)), b = Self.text(Self.lines(&chance))
            let changes = LineDifference.changes(from: a, to: b)
            let (old, new) = Self.sides(changes)
            #expect(old == Self.split(a) && new == Self.split(b), "seed \(seed)")
            let count = changes.count { if case .same = $0 { false } else { true } }
            #expect(count == Self.distance(old, new), "seed \(seed): \(a) → \(b)")
        }
    }

    @Test func `texts that differ in all of many lines are told whole, in little memory`() {
        let a = (0..<100_000).map { "a\($0)" }.joined(separator: "\n"), b = (0..<100_000).map { "b\($0)" }.joined(separator: "\n")
        let (old, new) = Self.sides(LineDifference.changes(from: "head\n\(a)\ntail", to: "head\n\(b)\ntail"))
        #expect(old.count == 100_002 && new.count == 100_002)
        #expect(old.first == "head" && old.last == "tail")
    }

    @Test func `one changed line of many is found among them`() {
        let lines = (0..<50_000).map { "\($0 % 7)" }
        var changed = lines
        changed[30_000] = "x"
        let diff = LineDifference.unified(from: lines.joined(separator: "\n"), to: changed.joined(separator: "\n"))
        #expect(diff == "@@ -29998,7 +29998,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 0\n 1\n")
    }

    @Test func `no difference is an empty text`() {
        #expect(LineDifference.unified(from: "a\nb", to: "a\nb") == "")
    }

    @Test(arguments: [5, 6, 7] as [UInt64])
    func `a merge takes each side's changes, and the same change once`(seed: UInt64) {
        var chance = Chance(state: seed)
        for _ in 0..<300 {
            let base = Self.text(Self.lines(&chance)), other = Self.text(Self.lines(&chance))
            #expect(LineMerge.merge(base: base, ours: other, theirs: base) == .merged(other), "seed \(seed)")
            #expect(LineMerge.merge(base: base, ours: base, theirs: other) == .merged(other), "seed \(seed)")
            #expect(LineMerge.merge(base: base, ours: other, theirs: other) == .merged(other), "seed \(seed)")
        }
    }

    @Test func `changes at two places come together, changes at one place are a conflict`() {
        let base = "a\nb\nc\nd\ne"
        #expect(LineMerge.merge(base: base, ours: "A\nb\nc\nd\ne", theirs: "a\nb\nc\nd\nE\nf") == .merged("A\nb\nc\nd\nE\nf"))
        guard case .conflicts(let conflicts) = LineMerge.merge(base: base, ours: "a\nb\nX\nd\ne", theirs: "a\nb\nY\nd\ne") else {
            Issue.record("no conflict")
            return
        }
        #expect(conflicts.map(\.line) == [3] && conflicts.first?.base == ["c"])
        #expect(conflicts.first?.ours == ["X"] && conflicts.first?.theirs == ["Y"])
    }
}
