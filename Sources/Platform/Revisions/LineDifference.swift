/// The difference of two texts, line by line, as a shortest script of changes.
///
/// Source: E. W. Myers, “An O(ND) difference algorithm and its variations” (1986). Memory and time are bounded: what both
/// texts begin and end with is set aside, and where more than 1,000 changes lie between, or finding them takes too many
/// steps, the middle is told as removed and added whole. At most 4 MiB beside the texts.
package enum LineDifference {
    package enum Change: Equatable, Sendable {
        case same(String)
        case removed(String)
        case added(String)
    }

    /// Lines of the old text that others take the place of; both ranges count lines from 0, one of them may be empty.
    struct Hunk: Equatable {
        var old: Range<Int>
        var new: Range<Int>
    }

    private static let mostChanges = 1_000
    private static let mostSteps = 20_000_000

    package static func changes(from old: String, to new: String) -> [Change] {
        let a = lines(old), b = lines(new)
        var result: [Change] = []
        var at = 0
        for hunk in hunks(a, b) {
            result += a[at..<hunk.old.lowerBound].map(Change.same)
            result += a[hunk.old].map(Change.removed)
            result += b[hunk.new].map(Change.added)
            at = hunk.old.upperBound
        }
        return result + a[at...].map(Change.same)
    }

    static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// What differs, in order; no two hunks touch.
    static func hunks(_ a: [String], _ b: [String]) -> [Hunk] {
        var start = 0
        while start < a.count, start < b.count, a[start] == b[start] { start += 1 }
        var endA = a.count, endB = b.count
        while endA > start, endB > start, a[endA - 1] == b[endB - 1] {
            endA -= 1
            endB -= 1
        }
        if start == endA, start == endB { return [] }
        // Lines by number, so that comparing two costs the same however long they are.
        var numbers: [String: Int32] = [:]
        func number(_ line: String) -> Int32 {
            if let known = numbers[line] { return known }
            let next = Int32(numbers.count)
            numbers[line] = next
            return next
        }
        let found = script(a[start..<endA].map(number), b[start..<endB].map(number))
        guard let found else { return [Hunk(old: start..<endA, new: start..<endB)] }
        return found.map { hunk in
            Hunk(
                old: (hunk.old.lowerBound + start)..<(hunk.old.upperBound + start),
                new: (hunk.new.lowerBound + start)..<(hunk.new.upperBound + start))
        }
    }

    /// The shortest script, or nil where it is longer or dearer than allowed.
    private static func script(_ a: [Int32], _ b: [Int32]) -> [Hunk]? {
        let most = min(a.count + b.count, mostChanges)
        var reach = [Int32](repeating: 0, count: 2 * most + 3)
        let middle = most + 1
        // For each count of changes d, how far the diagonals -d...d reached before it: 2d + 1 numbers.
        var trace: [[Int32]] = []
        var steps = 0
        for d in 0...most {
            trace.append(Array(reach[(middle - d)...(middle + d)]))
            for k in stride(from: -d, through: d, by: 2) {
                let down = k == -d || (k != d && reach[middle + k - 1] < reach[middle + k + 1])
                var x = Int(down ? reach[middle + k + 1] : reach[middle + k - 1] + 1)
                let begun = x
                while x < a.count, x - k < b.count, x >= 0, x - k >= 0, a[x] == b[x - k] { x += 1 }
                steps += 1 + x - begun
                reach[middle + k] = Int32(x)
                if x >= a.count, x - k >= b.count { return walkBack(a.count, b.count, trace) }
            }
            if steps > mostSteps { return nil }
        }
        return nil
    }

    private static func walkBack(_ countA: Int, _ countB: Int, _ trace: [[Int32]]) -> [Hunk] {
        var hunks: [Hunk] = []
        var x = countA
        var y = countB
        for d in trace.indices.reversed() where d > 0 {
            let reach = trace[d]
            let k = x - y
            // The slice holds the diagonals -d...d; those beyond were not reached and count as 0.
            func at(_ diagonal: Int) -> Int32 { abs(diagonal) <= d ? reach[diagonal + d] : 0 }
            let down = k == -d || (k != d && at(k - 1) < at(k + 1))
            let before = down ? k + 1 : k - 1
            let startX = Int(at(before))
            let startY = startX - before
            // One line added (down) or removed, then the lines that are the same.
            let change = down ? Hunk(old: startX..<startX, new: startY..<(startY + 1)) : Hunk(old: startX..<(startX + 1), new: startY..<startY)
            if let last = hunks.last, last.old.lowerBound == change.old.upperBound, last.new.lowerBound == change.new.upperBound {
                hunks[hunks.count - 1] = Hunk(
                    old: change.old.lowerBound..<last.old.upperBound, new: change.new.lowerBound..<last.new.upperBound)
            } else {
                hunks.append(change)
            }
            x = startX
            y = startY
        }
        return hunks.reversed()
    }

    /// With `+`, `-` and three lines of context, as `diff -u` prints it, without the file names.
    package static func unified(from old: String, to new: String, context: Int = 3) -> String {
        let changes = changes(from: old, to: new)
        var keep = [Bool](repeating: false, count: changes.count)
        for (index, change) in changes.enumerated() {
            if case .same = change { continue }
            for near in max(0, index - context)...min(changes.count - 1, index + context) { keep[near] = true }
        }
        var text = ""
        var oldLine = 1
        var newLine = 1
        var index = 0
        while index < changes.count {
            guard keep[index] else {
                oldLine += 1
                newLine += 1
                index += 1
                continue
            }
            var body = ""
            var oldCount = 0
            var newCount = 0
            while index < changes.count, keep[index] {
                switch changes[index] {
                case .same(let line):
                    body += " \(line)\n"
                    oldCount += 1
                    newCount += 1
                case .removed(let line):
                    body += "-\(line)\n"
                    oldCount += 1
                case .added(let line):
                    body += "+\(line)\n"
                    newCount += 1
                }
                index += 1
            }
            // A side without lines is told by the line before it, as diff does.
            text += "@@ -\(oldCount == 0 ? oldLine - 1 : oldLine),\(oldCount) +\(newCount == 0 ? newLine - 1 : newLine),\(newCount) @@\n\(body)"
            oldLine += oldCount
            newLine += newCount
        }
        return text
    }
}
