/// Brings the changes that two people made to one text together, line by line.
///
/// Source: S. Khanna, K. Kunal, B. C. Pierce, “A Formal Investigation of Diff3” (2007): what only one side changed is taken
/// from it, what both changed in the same way is taken once, and what both changed otherwise is a conflict.
package enum LineMerge {
    /// A place that both sides changed, each in its own way.
    package struct Conflict: Equatable, Sendable {
        /// The line of the base, from 1, where it begins.
        package let line: Int
        package let base: [String]
        package let ours: [String]
        package let theirs: [String]
    }

    package enum Outcome: Equatable, Sendable {
        case merged(String)
        case conflicts([Conflict])
    }

    package static func merge(base: String, ours: String, theirs: String) -> Outcome {
        let lines = LineDifference.lines(base)
        let left = LineDifference.lines(ours), right = LineDifference.lines(theirs)
        var leftHunks = LineDifference.hunks(lines, left)[...]
        var rightHunks = LineDifference.hunks(lines, right)[...]
        var result: [String] = []
        var conflicts: [Conflict] = []
        var at = 0
        while let first = [leftHunks.first, rightHunks.first].compactMap({ $0?.old.lowerBound }).min() {
            // The region of the base that hunks of either side chain together.
            var end = first
            var leftTaken: [LineDifference.Hunk] = [], rightTaken: [LineDifference.Hunk] = []
            var grew = true
            while grew {
                grew = false
                if let hunk = leftHunks.first, hunk.old.lowerBound <= end {
                    leftTaken.append(leftHunks.removeFirst())
                    end = max(end, hunk.old.upperBound)
                    grew = true
                }
                if let hunk = rightHunks.first, hunk.old.lowerBound <= end {
                    rightTaken.append(rightHunks.removeFirst())
                    end = max(end, hunk.old.upperBound)
                    grew = true
                }
            }
            result += lines[at..<first]
            let region = first..<end
            let a = side(lines, left, leftTaken, region), b = side(lines, right, rightTaken, region)
            if rightTaken.isEmpty || a == b {
                result += a
            } else if leftTaken.isEmpty {
                result += b
            } else {
                conflicts.append(Conflict(line: first + 1, base: Array(lines[region]), ours: a, theirs: b))
            }
            at = end
        }
        result += lines[at...]
        return conflicts.isEmpty ? .merged(result.joined(separator: "\n")) : .conflicts(conflicts)
    }

    /// What one side made of a region of the base.
    private static func side(
        _ base: [String], _ changed: [String], _ hunks: [LineDifference.Hunk], _ region: Range<Int>
    ) -> [String] {
        var result: [String] = []
        var at = region.lowerBound
        for hunk in hunks {
            result += base[at..<hunk.old.lowerBound]
            result += changed[hunk.new]
            at = hunk.old.upperBound
        }
        return result + base[at..<region.upperBound]
    }
}
