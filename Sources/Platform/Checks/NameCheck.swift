import Core
import Scripting

/// What can be told of one file alone: names that are nowhere, calls that cannot be right, floats where exact numbers are meant,
/// locals that nobody uses.
struct NameCheck {
    let file: LuaFile
    let surface: HostSurface
    /// Further globals that this kind of file has.
    var further: Set<String> = []
    /// The modules that it may require; nil where it may require none.
    var modules: Set<String>?

    func findings() -> [Finding] {
        var findings = globals() + unused()
        let inspector = Inspector(self)
        inspector.run()
        findings += inspector.findings
        return findings
    }

    private func wrong(_ position: LuaPosition, _ code: String, _ message: String, _ hint: String? = nil) -> Finding {
        Finding(file.name, position, .error, "check.\(code)", message, hint: hint)
    }

    private func globals() -> [Finding] {
        let known = Set(surface.globals.keys).union(further)
        let local = Set(file.tree.locals.map(\.name))
        return file.tree.globals.compactMap { use in
            if use.isWrite {
                return wrong(
                    use.position, "global_write", known.contains(use.name) ? "“\(use.name)” belongs to the kernel and cannot be replaced" : "“\(use.name)” is a global; a script has none of its own",
                    "write local \(use.name)")
            }
            if known.contains(use.name) || use.name == "_ENV" { return nil }
            let meant = Spelling.nearest(to: use.name, among: known.union(local).sorted())
            let before = local.contains(use.name) ? "the local of that name is declared further down, or in another block" : nil
            return wrong(use.position, "undeclared_global", "“\(use.name)” is not declared", before ?? meant.map { "did you mean \($0)?" })
        }
    }

    private func unused() -> [Finding] {
        file.tree.locals.compactMap { local in
            guard local.reads == 0, !local.name.hasPrefix("_"), local.kind != .receiver, local.attribute != "close" else { return nil }
            let what =
                switch local.kind {
                case .variable: local.writes > 0 ? "is given a value that nobody reads" : "is never used"
                case .parameter: "is a parameter that is never used"
                case .loop: "is a loop's variable that is never used"
                case .function: "is a function that nobody calls"
                case .receiver: ""
                }
            return Finding(
                file.name, local.position, .warning, "check.unused", "“\(local.name)” \(what)",
                hint: local.kind == .parameter || local.kind == .loop ? "call it _\(local.name), or _" : "take it out")
        }
    }

    /// Looks at every expression once.
    private final class Inspector {
        let check: NameCheck
        var findings: [Finding] = []
        /// Places of names that were looked at as part of a longer one.
        private var done: Set<LuaPosition> = []

        init(_ check: NameCheck) { self.check = check }

        func run() {
            var walker = LuaWalker()
            walker.expression = { [unowned self] in look($0) }
            walker.walk(check.file.tree.main.body)
        }

        private func look(_ expression: LuaExpression) -> Bool {
            switch expression.kind {
            case .call(let callee, let arguments): call(expression, callee, arguments)
            case .method(let base, let name, let arguments):
                if ["mul", "add", "sub", "div", "allocate", "split", "compare"].contains(name) { refuseFloats(arguments, "\(name)") }
                if let path = check.file.path(of: base), isHostModule(path) {
                    findings.append(
                        check.wrong(
                            expression.position, "call", "“\(path):\(name)” is written with a colon; host functions are called with a dot",
                            "write \(path).\(name)(…)"))
                }
            case .index: member(expression)
            case .binary(let sign, let left, let right) where ["+", "-", "*", "/", "//", "%", "^"].contains(sign):
                arithmetic(left, right, sign)
            default: break
            }
            return true
        }

        private func isHostModule(_ path: String) -> Bool {
            HostReference.entries.contains { $0.module == path && $0.kind == .function }
        }

        /// `record.fnd`: a member that its module does not have.
        private func member(_ expression: LuaExpression) {
            guard let path = check.file.path(of: expression) else { return }
            let parts = path.split(separator: ".").map(String.init)
            guard parts.count == 2, check.surface.globals[parts[0]] != nil, parts[0] != "_G", !check.further.contains(parts[0]) else { return }
            guard case .index(_, let key) = expression.kind, done.insert(key.position).inserted else { return }
            guard !check.surface.has(parts[0], parts[1]) else { return }
            let members = check.surface.globals[parts[0]] ?? []
            let meant = Spelling.nearest(to: parts[1], among: members.sorted())
            findings.append(
                check.wrong(
                    key.position, "unknown_function", "there is no \(path)",
                    meant.map { "did you mean \(parts[0]).\($0)?" }
                        ?? (members.isEmpty ? nil : "there are \(members.sorted().prefix(12).joined(separator: ", "))")))
        }

        private func call(_ expression: LuaExpression, _ callee: LuaExpression, _ arguments: [LuaExpression]) {
            let position = expression.position
            if let module = LuaFile.requiredModule(expression) { return require(module, position) }
            guard let path = check.file.path(of: callee) else { return }
            if path == "require" {
                findings.append(check.wrong(position, "require", "require takes the module's name as it stands, between quotes"))
            }
            if path == "money" || path.hasPrefix("money.") || path.hasPrefix("decimal.") { refuseFloats(arguments, path) }
            if let entry = HostReference.entry(path), entry.kind == .function { count(entry, arguments, position) }
        }

        private func count(_ entry: HostEntry, _ arguments: [LuaExpression], _ position: LuaPosition) {
            var given = arguments.count
            var isOpen = false
            if let last = arguments.last {
                switch last.kind {
                case .call, .method, .vararg:
                    given -= 1
                    isOpen = true
                default: break
                }
            }
            let counts = entry.argumentCounts
            if given > counts.upperBound || (!isOpen && given < counts.lowerBound) {
                let wanted = counts.lowerBound == counts.upperBound ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
                findings.append(
                    check.wrong(
                        position, "arguments", "\(entry.qualifiedName) takes \(wanted) argument\(wanted == "1" ? "" : "s"), \(given) given", entry.call))
                return
            }
            for (parameter, argument) in zip(entry.parameters, arguments) {
                // A float where an exact number is meant has a finding of its own.
                let isExact = entry.module == "money" || entry.module == "decimal" || entry.name == "money"
                guard let kind = Self.literal(argument), !Self.admits(parameter.type, kind), !(isExact && kind == "number") else { continue }
                findings.append(
                    check.wrong(
                        argument.position, "arguments", "\(entry.qualifiedName): “\(parameter.name)” is \(Self.article(parameter.type)), not \(Self.article(kind))",
                        entry.call))
            }
        }

        /// The type of a constant, as the reference calls it.
        private static func literal(_ expression: LuaExpression) -> String? {
            switch expression.kind {
            case .string: "string"
            case .integer: "integer"
            case .float: "number"
            case .boolean: "boolean"
            case .table: "table"
            case .function: "function"
            default: nil
            }
        }

        private static func admits(_ type: String, _ kind: String) -> Bool {
            let words = type.split(separator: "|").map { $0.filter { $0 != " " && $0 != "?" } }
            if words.contains("any") || words.contains(where: { $0 == kind }) { return true }
            if kind == "integer", words.contains("number") { return true }
            return kind == "table" && words.contains { $0.hasSuffix("[]") || $0.hasPrefix("{") || $0 == "Record" }
        }

        private static func article(_ word: String) -> String {
            word.first.map { "aeiou".contains($0) } == true ? "an \(word)" : "a \(word)"
        }

        private func require(_ module: String, _ position: LuaPosition) {
            guard let modules = check.modules else {
                findings.append(check.wrong(position, "require", "a rule file stands for itself and requires nothing", "ask for values with rules.get, or write the function here"))
                return
            }
            guard !modules.contains(module) else { return }
            let meant = Spelling.nearest(to: module, among: modules.sorted())
            findings.append(
                check.wrong(
                    position, "require", "there is no module “\(module)” here",
                    meant.map { "did you mean \($0)?" } ?? "a plugin requires its own modules, and the lib modules of the plugins it names in depends"))
        }

        // MARK: Floats

        private func refuseFloats(_ arguments: [LuaExpression], _ function: String) {
            for argument in arguments {
                var number = argument
                if case .unary("-", let inner) = number.kind { number = inner }
                guard case .float(_, let text) = number.kind else { continue }
                findings.append(
                    check.wrong(
                        argument.position, "float", "\(function) is given \(text), a floating-point number, which is not exact",
                        function == "money" || function == "decimal.new" ? "write \"\(text)\"" : "write decimal.new(\"\(text)\")"))
            }
        }

        private func arithmetic(_ left: LuaExpression, _ right: LuaExpression, _ sign: String) {
            for (number, other) in [(left, right), (right, left)] {
                guard case .float(_, let text) = number.kind, text.contains(".") else { continue }
                switch other.kind {
                case .float, .integer: continue
                case .call(let callee, _) where check.file.path(of: callee)?.hasPrefix("math.") == true: continue
                default: break
                }
                findings.append(
                    Finding(
                        check.file.name, number.position, .warning, "check.float", "\(text) is a floating-point number: not exact, and refused by money and decimals (“\(sign)”)",
                        hint: "write decimal.new(\"\(text)\")"))
            }
        }
    }
}
