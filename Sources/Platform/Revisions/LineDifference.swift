/// The difference of two texts, line by line, as a shortest script of changes.
///
/// Source: E. W. Myers, “An O(ND) difference algorithm and its variations” (1986), with linear fallback: beyond 2,000
/// changes the rest is told as removed and added.
package enum LineDifference {
    package enum Change: Equatable {
        case same(String)
        case removed(String)
        case added(String)
    }

    package static func changes(from old: String, to new: String) -> [Change] {
        let a = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let b = new.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let most = min(a.count + b.count, 2_000)
        var reach = [Int](repeating: 0, count: 2 * most + 3)
        let middle = most + 1
        var trace: [[Int]] = []
        for d in 0...most {
            trace.append(reach)
            for k in stride(from: -d, through: d, by: 2) {
                var x = k == -d || (k != d && reach[middle + k - 1] < reach[middle + k + 1]) ? reach[middle + k + 1] : reach[middle + k - 1] + 1
                while x < a.count, x - k < b.count, a[x] == b[x - k] { x += 1 }
                reach[middle + k] = x
                if x >= a.count, x - k >= b.count { return walkBack(a, b, trace, middle) }
            }
        }
        return a.map(Change.removed) + b.map(Change.added)
    }

    private static func walkBack(_ a: [String], _ b: [String], _ trace: [[Int]], _ middle: Int) -> [Change] {
        var result: [Change] = []
        var x = a.count
        var y = b.count
        for d in trace.indices.reversed() {
            let reach = trace[d]
            let k = x - y
            let before = k == -d || (k != d && reach[middle + k - 1] < reach[middle + k + 1]) ? k + 1 : k - 1
            let startX = d == 0 ? 0 : reach[middle + before]
            let startY = d == 0 ? 0 : startX - before
            while x > startX, y > startY {
                x -= 1
                y -= 1
                result.append(.same(a[x]))
            }
            if d > 0 {
                if before == k + 1 {
                    y -= 1
                    result.append(.added(b[y]))
                } else {
                    x -= 1
                    result.append(.removed(a[x]))
                }
            }
        }
        return result.reversed()
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
            text += "@@ -\(oldLine),\(oldCount) +\(newLine),\(newCount) @@\n\(body)"
            oldLine += oldCount
            newLine += newCount
        }
        return text
    }
}
