/// A pattern that a whole text must match, in time linear in the text: what scripts and people write cannot make it slow.
///
/// A regular expression without the parts that need backtracking: literals, `.`, classes `[A-Z0-9_-]` and `[^…]`, the escapes
/// `\d \w \s`, groups `( | )`, and the quantifiers `? * + {n} {n,} {n,m}`. It compares Unicode scalars; `^` and `$` may stand at
/// its ends and mean nothing.
package struct TextPattern: Sendable, Equatable {
    package struct Fault: Error, Equatable {
        package let message: String
    }

    package let source: String
    private let program: [Instruction]

    private enum Instruction: Equatable {
        case one(Set)
        case split(Int, Int)
        case jump(Int)
        case match
    }

    private struct Set: Equatable {
        var ranges: [ClosedRange<UInt32>]
        var negated = false

        func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != negated }

        var sample: String {
            let first = negated ? (97...122).first(where: contains) ?? (33...126).first(where: contains) : ranges.first?.lowerBound
            return first.flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? "?"
        }
    }

    private indirect enum Node {
        case empty
        case one(Set)
        case sequence([Node])
        case choice([Node])
        case times(Node, Int, Int?)
    }

    /// The steps that a pattern may compile to, so that matching stays cheap.
    private static let largest = 2_000

    /// - Throws: `Fault` saying what is wrong with the pattern.
    package init(_ source: String) throws(Fault) {
        self.source = source
        var text = Array(source.unicodeScalars)
        if text.first == "^" { text.removeFirst() }
        if text.last == "$", text.dropLast().last != "\\" { text.removeLast() }
        var parser = Parser(text: text)
        let node = try parser.choice()
        if parser.at < text.count { throw Fault(message: "has a “)” without a “(”") }
        var program: [Instruction] = []
        try Self.compile(node, &program)
        program.append(.match)
        self.program = program
    }

    /// Whether all of `text` matches.
    package func matches(_ text: String) -> Bool {
        var current = States(program.count), next = States(program.count)
        add(0, &current)
        for scalar in text.unicodeScalars {
            if current.list.isEmpty { return false }
            next.removeAll()
            for state in current.list {
                if case .one(let set) = program[state], set.contains(scalar.value) { add(state + 1, &next) }
            }
            swap(&current, &next)
        }
        return current.list.contains { program[$0] == .match }
    }

    /// The pattern without signs at its ends, as a JSON Schema may hold it between its own.
    package var core: String {
        var text = source[...]
        if text.hasPrefix("^") { text = text.dropFirst() }
        if text.hasSuffix("$"), !text.hasSuffix("\\$") { text = text.dropLast() }
        return String(text)
    }

    /// A shortest text that matches, for examples.
    package var sample: String {
        var seen = [Bool](repeating: false, count: program.count)
        var reached: [(state: Int, text: String)] = [(0, "")]
        while !reached.isEmpty {
            var next: [(Int, String)] = []
            while let (state, text) = reached.popLast() {
                if seen[state] { continue }
                seen[state] = true
                switch program[state] {
                case .match: return text
                case .jump(let target): reached.append((target, text))
                case .split(let one, let other): reached += [(other, text), (one, text)]
                case .one(let set): next.append((state + 1, text + set.sample))
                }
            }
            reached = next.reversed()
        }
        return ""
    }

    private struct States {
        var list: [Int] = []
        private var seen: [Bool]

        init(_ count: Int) { seen = [Bool](repeating: false, count: count) }

        mutating func insert(_ state: Int) -> Bool {
            if seen[state] { return false }
            seen[state] = true
            list.append(state)
            return true
        }

        mutating func removeAll() {
            for state in list { seen[state] = false }
            list.removeAll(keepingCapacity: true)
        }
    }

    private func add(_ first: Int, _ states: inout States) {
        var open = [first]
        while let state = open.popLast() {
            guard states.insert(state) else { continue }
            switch program[state] {
            case .split(let one, let other): open += [other, one]
            case .jump(let target): open.append(target)
            case .one, .match: break
            }
        }
    }

    private static func compile(_ node: Node, _ program: inout [Instruction]) throws(Fault) {
        if program.count > largest { throw Fault(message: "is too large") }
        switch node {
        case .empty: break
        case .one(let set): program.append(.one(set))
        case .sequence(let nodes): for node in nodes { try compile(node, &program) }
        case .choice(let nodes):
            var ends: [Int] = []
            for (index, node) in nodes.enumerated() {
                if index == nodes.count - 1 {
                    try compile(node, &program)
                } else {
                    let split = program.count
                    program.append(.match)
                    try compile(node, &program)
                    ends.append(program.count)
                    program.append(.match)
                    program[split] = .split(split + 1, program.count)
                }
            }
            for end in ends { program[end] = .jump(program.count) }
        case .times(let node, let least, let most):
            for _ in 0..<least { try compile(node, &program) }
            if let most {
                var splits: [Int] = []
                for _ in least..<most {
                    splits.append(program.count)
                    program.append(.match)
                    try compile(node, &program)
                }
                for split in splits { program[split] = .split(split + 1, program.count) }
            } else {
                let start = program.count
                program.append(.match)
                try compile(node, &program)
                program.append(.jump(start))
                program[start] = .split(start + 1, program.count)
            }
        }
    }

    private struct Parser {
        let text: [Unicode.Scalar]
        var at = 0
        private var depth = 0

        init(text: [Unicode.Scalar]) { self.text = text }

        private var next: Unicode.Scalar? { at < text.count ? text[at] : nil }

        mutating func choice() throws(Fault) -> Node {
            depth += 1
            defer { depth -= 1 }
            if depth > 20 { throw Fault(message: "has groups nested too deep") }
            var nodes = [try sequence()]
            while next == "|" {
                at += 1
                nodes.append(try sequence())
            }
            return nodes.count == 1 ? nodes[0] : .choice(nodes)
        }

        private mutating func sequence() throws(Fault) -> Node {
            var nodes: [Node] = []
            while let scalar = next, scalar != "|", scalar != ")" {
                nodes.append(try quantified(try atom(scalar)))
            }
            return nodes.isEmpty ? .empty : .sequence(nodes)
        }

        private mutating func atom(_ scalar: Unicode.Scalar) throws(Fault) -> Node {
            at += 1
            switch scalar {
            case "(":
                if next == "?" {
                    guard at + 1 < text.count, text[at + 1] == ":" else { throw Fault(message: "has a group of a kind that is not known") }
                    at += 2
                }
                let inner = try choice()
                guard next == ")" else { throw Fault(message: "has a “(” that is not closed") }
                at += 1
                return inner
            case "[": return .one(try set())
            case ".": return .one(Set(ranges: [10...10], negated: true))
            case "\\": return .one(try escape())
            case "*", "+", "?", "{": throw Fault(message: "has a “\(scalar)” with nothing to repeat")
            case "^", "$": throw Fault(message: "has a “\(scalar)” that is not at its end; write \\\(scalar) for the sign")
            default: return .one(Set(ranges: [scalar.value...scalar.value]))
            }
        }

        private mutating func quantified(_ node: Node) throws(Fault) -> Node {
            switch next {
            case "?": at += 1; return .times(node, 0, 1)
            case "*": at += 1; return .times(node, 0, nil)
            case "+": at += 1; return .times(node, 1, nil)
            case "{":
                at += 1
                guard let least = number() else { throw Fault(message: "has a “{” without a count") }
                var most: Int? = least
                if next == "," {
                    at += 1
                    most = number()
                }
                guard next == "}" else { throw Fault(message: "has a “{” that is not closed") }
                at += 1
                if let most, most < least { throw Fault(message: "has a count whose end is below its beginning") }
                return .times(node, least, most)
            default: return node
            }
        }

        private mutating func number() -> Int? {
            var value: Int?
            while let scalar = next, ("0"..."9").contains(scalar), (value ?? 0) < 1_000 {
                value = (value ?? 0) * 10 + Int(scalar.value - 48)
                at += 1
            }
            return value
        }

        private mutating func escape() throws(Fault) -> Set {
            guard let scalar = next else { throw Fault(message: "ends in a “\\”") }
            at += 1
            switch scalar {
            case "d": return Set(ranges: [48...57])
            case "w": return Set(ranges: [48...57, 65...90, 95...95, 97...122])
            case "s": return Set(ranges: [9...13, 32...32])
            case "D": return Set(ranges: [48...57], negated: true)
            case "S": return Set(ranges: [9...13, 32...32], negated: true)
            case "n": return Set(ranges: [10...10])
            case "t": return Set(ranges: [9...9])
            default:
                guard !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else { throw Fault(message: "has “\\\(scalar)”, which is not known") }
                return Set(ranges: [scalar.value...scalar.value])
            }
        }

        private mutating func set() throws(Fault) -> Set {
            var result = Set(ranges: [])
            if next == "^" {
                at += 1
                result.negated = true
            }
            var isFirst = true
            while let scalar = next, scalar != "]" || isFirst {
                isFirst = false
                at += 1
                if scalar == "\\" {
                    let escaped = try escape()
                    if escaped.negated { throw Fault(message: "has a negated escape in a class") }
                    result.ranges += escaped.ranges
                    continue
                }
                var upper = scalar
                if next == "-", at + 1 < text.count, text[at + 1] != "]" {
                    upper = text[at + 1]
                    at += 2
                }
                guard scalar.value <= upper.value else { throw Fault(message: "has a range whose end is below its beginning") }
                result.ranges.append(scalar.value...upper.value)
            }
            guard next == "]" else { throw Fault(message: "has a “[” that is not closed") }
            at += 1
            return result
        }
    }
}
