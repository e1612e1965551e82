/// Reads Lua 5.4 into a tree in which every name is resolved to its local or is a global.
///
/// What the compiler refuses beyond the grammar (`break` outside a loop, `goto` without a label, a write to a constant, too many
/// locals) is left to the compiler: a file is compiled before its tree is looked at.
struct LuaParser {
    private var lexer: LuaLexer
    private var token = LuaLexer.Token.end
    private var position = LuaPosition(line: 1, column: 1)
    private var ahead: (LuaLexer.Token, LuaPosition)?
    private var depth = 0
    /// Innermost last.
    private var scopes: [[String: LuaLocal]] = [[:]]
    private var variadic = [true]
    private var locals: [LuaLocal] = []
    private var globals: [LuaTree.GlobalName] = []

    /// Deeper trees are refused, so that whoever walks them needs little stack.
    private static let maximumDepth = 190

    init(_ source: [UInt8]) throws(LuaSyntaxError) {
        lexer = LuaLexer(source)
        (token, position) = try lexer.next()
    }

    mutating func file() throws(LuaSyntaxError) -> LuaTree {
        let main = LuaFunction(at: position, name: nil, parameters: [], isVariadic: true)
        main.body = try statements()
        guard token == .end else { throw unexpected("the end of the file") }
        return LuaTree(main: main, locals: locals, globals: globals)
    }

    // MARK: Tokens

    private mutating func advance() throws(LuaSyntaxError) {
        if let ahead {
            (token, position) = ahead
            self.ahead = nil
        } else {
            (token, position) = try lexer.next()
        }
    }

    private mutating func peek() throws(LuaSyntaxError) -> LuaLexer.Token {
        if ahead == nil { ahead = try lexer.next() }
        return ahead?.0 ?? .end
    }

    private func unexpected(_ wanted: String) -> LuaSyntaxError {
        let found =
            switch token {
            case .end: "the end of the file"
            case .name(let text), .keyword(let text), .symbol(let text): "“\(text)”"
            case .string: "a string"
            case .integer(let value): "“\(value)”"
            case .float(_, let text): "“\(text)”"
            }
        return LuaSyntaxError(position: position, message: "\(wanted) expected, \(found) found")
    }

    private func isSymbol(_ text: String) -> Bool { token == .symbol(text) }
    private func isKeyword(_ text: String) -> Bool { token == .keyword(text) }

    private mutating func accept(symbol text: String) throws(LuaSyntaxError) -> Bool {
        guard isSymbol(text) else { return false }
        try advance()
        return true
    }

    private mutating func accept(keyword text: String) throws(LuaSyntaxError) -> Bool {
        guard isKeyword(text) else { return false }
        try advance()
        return true
    }

    private mutating func expect(symbol text: String) throws(LuaSyntaxError) {
        guard try accept(symbol: text) else { throw unexpected("“\(text)”") }
    }

    private mutating func expect(keyword text: String) throws(LuaSyntaxError) {
        guard try accept(keyword: text) else { throw unexpected("“\(text)”") }
    }

    private mutating func name() throws(LuaSyntaxError) -> (String, LuaPosition) {
        guard case .name(let text) = token else { throw unexpected("a name") }
        let place = position
        try advance()
        return (text, place)
    }

    private mutating func nested<T>(_ body: (inout LuaParser) throws(LuaSyntaxError) -> T) throws(LuaSyntaxError) -> T {
        depth += 1
        guard depth <= Self.maximumDepth else { throw LuaSyntaxError(position: position, message: "is nested too deeply") }
        let result = try body(&self)
        depth -= 1
        return result
    }

    // MARK: Names

    private mutating func declare(_ name: String, at place: LuaPosition, _ kind: LuaLocal.Kind) -> LuaLocal {
        let local = LuaLocal(name, at: place, kind)
        locals.append(local)
        bind(local)
        return local
    }

    private mutating func bind(_ local: LuaLocal) { scopes[scopes.count - 1][local.name] = local }

    private func find(_ name: String) -> LuaLocal? {
        for scope in scopes.reversed() { if let local = scope[name] { return local } }
        return nil
    }

    private mutating func resolve(_ name: String, at place: LuaPosition) -> LuaExpression {
        if let local = find(name) {
            local.reads += 1
            return LuaExpression(position: place, kind: .local(local))
        }
        globals.append(LuaTree.GlobalName(name: name, position: place, isWrite: false))
        return LuaExpression(position: place, kind: .global(name))
    }

    /// The name turned out to be written to, not read.
    private mutating func noteWrite(_ target: LuaExpression) {
        switch target.kind {
        case .local(let local):
            local.reads -= 1
            local.writes += 1
        case .global(let name):
            if let index = globals.lastIndex(where: { $0.position == target.position && $0.name == name }) {
                globals[index] = LuaTree.GlobalName(name: name, position: target.position, isWrite: true)
            }
        default: break
        }
    }

    private mutating func block() throws(LuaSyntaxError) -> [LuaStatement] {
        scopes.append([:])
        let body = try statements()
        scopes.removeLast()
        return body
    }

    // MARK: Statements

    private var endsBlock: Bool {
        switch token {
        case .end: true
        case .keyword(let word): ["end", "else", "elseif", "until"].contains(word)
        default: false
        }
    }

    private mutating func statements() throws(LuaSyntaxError) -> [LuaStatement] {
        var list: [LuaStatement] = []
        while !endsBlock {
            if try accept(symbol: ";") { continue }
            let place = position
            if try accept(keyword: "return") {
                var values: [LuaExpression] = []
                if !endsBlock, !isSymbol(";") { values = try expressions() }
                _ = try accept(symbol: ";")
                list.append(LuaStatement(position: place, kind: .return(values)))
                guard endsBlock else { throw unexpected("the end of the block") }
                return list
            }
            list.append(LuaStatement(position: place, kind: try nested { parser throws(LuaSyntaxError) in try parser.statement() }))
        }
        return list
    }

    private mutating func statement() throws(LuaSyntaxError) -> LuaStatement.Kind {
        switch token {
        case .keyword("if"): return try conditional()
        case .keyword("while"):
            try advance()
            let condition = try expression()
            try expect(keyword: "do")
            let body = try block()
            try expect(keyword: "end")
            return .while(condition, body)
        case .keyword("do"):
            try advance()
            let body = try block()
            try expect(keyword: "end")
            return .block(body)
        case .keyword("for"): return try loop()
        case .keyword("repeat"):
            try advance()
            scopes.append([:])
            let body = try statements()
            try expect(keyword: "until")
            let condition = try expression()
            scopes.removeLast()
            return .repeat(body, condition)
        case .keyword("function"): return try functionStatement()
        case .keyword("local"):
            try advance()
            if try accept(keyword: "function") {
                let (name, place) = try name()
                let local = declare(name, at: place, .function)
                return .localFunction(local, try functionBody(at: place, name: name, receiver: nil))
            }
            return try localStatement()
        case .keyword("break"):
            try advance()
            return .break
        case .keyword("goto"):
            try advance()
            return .goto(try name().0)
        case .symbol("::"):
            try advance()
            let (label, _) = try name()
            try expect(symbol: "::")
            return .label(label)
        default: return try expressionStatement()
        }
    }

    private mutating func conditional() throws(LuaSyntaxError) -> LuaStatement.Kind {
        var branches: [(LuaExpression, [LuaStatement])] = []
        var otherwise: [LuaStatement] = []
        repeat {
            try advance()
            let condition = try expression()
            try expect(keyword: "then")
            branches.append((condition, try block()))
        } while isKeyword("elseif")
        if try accept(keyword: "else") { otherwise = try block() }
        try expect(keyword: "end")
        return .if(branches, otherwise)
    }

    private mutating func loop() throws(LuaSyntaxError) -> LuaStatement.Kind {
        try advance()
        var names = [try name()]
        if try accept(symbol: "=") {
            var range = [try expression()]
            try expect(symbol: ",")
            range.append(try expression())
            if try accept(symbol: ",") { range.append(try expression()) }
            try expect(keyword: "do")
            scopes.append([:])
            let local = declare(names[0].0, at: names[0].1, .loop)
            let body = try statements()
            scopes.removeLast()
            try expect(keyword: "end")
            return .numericFor(local, range, body)
        }
        while try accept(symbol: ",") { names.append(try name()) }
        try expect(keyword: "in")
        let values = try expressions()
        try expect(keyword: "do")
        scopes.append([:])
        var variables: [LuaLocal] = []
        for (name, place) in names { variables.append(declare(name, at: place, .loop)) }
        let body = try statements()
        scopes.removeLast()
        try expect(keyword: "end")
        return .genericFor(variables, values, body)
    }

    private mutating func functionStatement() throws(LuaSyntaxError) -> LuaStatement.Kind {
        try advance()
        let (first, place) = try name()
        var target = resolve(first, at: place)
        if !isSymbol("."), !isSymbol(":") { noteWrite(target) }
        var full = first
        var receiver: LuaPosition?
        while isSymbol(".") || isSymbol(":") {
            let isMethod = isSymbol(":")
            if isMethod { receiver = position }
            try advance()
            let (key, keyPlace) = try name()
            full += (isMethod ? ":" : ".") + key
            target = LuaExpression(
                position: place, kind: .index(target, LuaExpression(position: keyPlace, kind: .string(key))))
            if isMethod { break }
        }
        return .function(target, try functionBody(at: place, name: full, receiver: receiver))
    }

    private mutating func localStatement() throws(LuaSyntaxError) -> LuaStatement.Kind {
        var names: [(String, LuaPosition, String?)] = []
        repeat {
            let (name, place) = try name()
            var attribute: String?
            if try accept(symbol: "<") {
                attribute = try self.name().0
                guard attribute == "const" || attribute == "close" else {
                    throw LuaSyntaxError(position: place, message: "unknown attribute “\(attribute ?? "")”")
                }
                try expect(symbol: ">")
            }
            names.append((name, place, attribute))
        } while try accept(symbol: ",")
        let values = try accept(symbol: "=") ? try expressions() : []
        var declared: [LuaLocal] = []
        for (name, place, attribute) in names {
            let local = declare(name, at: place, .variable)
            local.attribute = attribute
            declared.append(local)
        }
        return .local(declared, values)
    }

    private mutating func expressionStatement() throws(LuaSyntaxError) -> LuaStatement.Kind {
        let place = position
        let first = try suffixed()
        if isSymbol("=") || isSymbol(",") {
            var targets = [first]
            while try accept(symbol: ",") { targets.append(try suffixed()) }
            try expect(symbol: "=")
            for target in targets {
                switch target.kind {
                case .local, .global, .index: noteWrite(target)
                default: throw LuaSyntaxError(position: place, message: "cannot assign to this expression")
                }
            }
            return .assign(targets, try expressions())
        }
        switch first.kind {
        case .call, .method: return .call(first)
        default: throw LuaSyntaxError(position: place, message: "a statement expected")
        }
    }

    // MARK: Expressions

    private mutating func expressions() throws(LuaSyntaxError) -> [LuaExpression] {
        var list = [try expression()]
        while try accept(symbol: ",") { list.append(try expression()) }
        return list
    }

    /// Left and right priority of each binary operator, as in the reference manual.
    private static let priorities: [String: (left: Int, right: Int)] = [
        "or": (1, 1), "and": (2, 2), "<": (3, 3), ">": (3, 3), "<=": (3, 3), ">=": (3, 3), "~=": (3, 3), "==": (3, 3),
        "|": (4, 4), "~": (5, 5), "&": (6, 6), "<<": (7, 7), ">>": (7, 7), "..": (9, 8), "+": (10, 10), "-": (10, 10),
        "*": (11, 11), "/": (11, 11), "//": (11, 11), "%": (11, 11), "^": (14, 13),
    ]
    private static let unaryPriority = 12

    private var binaryOperator: String? {
        switch token {
        case .symbol(let text) where Self.priorities[text] != nil: text
        case .keyword(let text) where text == "and" || text == "or": text
        default: nil
        }
    }

    private mutating func expression(above limit: Int = 0) throws(LuaSyntaxError) -> LuaExpression {
        try nested { parser throws(LuaSyntaxError) in try parser.operation(above: limit) }
    }

    private mutating func operation(above limit: Int) throws(LuaSyntaxError) -> LuaExpression {
        var left: LuaExpression
        let place = position
        switch token {
        case .keyword("not"), .symbol("-"), .symbol("#"), .symbol("~"):
            let sign: String
            switch token {
            case .symbol(let text), .keyword(let text): sign = text
            default: sign = ""
            }
            try advance()
            left = LuaExpression(position: place, kind: .unary(sign, try expression(above: Self.unaryPriority)))
        default: left = try simple()
        }
        var length = 0
        while let sign = binaryOperator, let priority = Self.priorities[sign], priority.left > limit {
            try advance()
            let right = try expression(above: priority.right)
            left = LuaExpression(position: place, kind: .binary(sign, left, right))
            length += 1
            guard length < Self.maximumDepth else { throw LuaSyntaxError(position: position, message: "is nested too deeply") }
        }
        return left
    }

    private mutating func simple() throws(LuaSyntaxError) -> LuaExpression {
        let place = position
        let kind: LuaExpression.Kind
        switch token {
        case .integer(let value): kind = .integer(value)
        case .float(let value, let text): kind = .float(value, text)
        case .string(let text): kind = .string(text)
        case .keyword("nil"): kind = .nil
        case .keyword("true"): kind = .boolean(true)
        case .keyword("false"): kind = .boolean(false)
        case .symbol("..."):
            guard variadic.last == true else {
                throw LuaSyntaxError(position: place, message: "cannot use “...” outside a function with variable arguments")
            }
            kind = .vararg
        case .symbol("{"): return try table()
        case .keyword("function"):
            try advance()
            return LuaExpression(position: place, kind: .function(try functionBody(at: place, name: nil, receiver: nil)))
        default: return try suffixed()
        }
        try advance()
        return LuaExpression(position: place, kind: kind)
    }

    private mutating func suffixed() throws(LuaSyntaxError) -> LuaExpression {
        let place = position
        var result: LuaExpression
        if try accept(symbol: "(") {
            let inner = try expression()
            try expect(symbol: ")")
            result = LuaExpression(position: place, kind: .parentheses(inner))
        } else {
            let (name, _) = try name()
            result = resolve(name, at: place)
        }
        var length = 0
        while true {
            switch token {
            case .symbol("."):
                try advance()
                let (key, keyPlace) = try name()
                result = LuaExpression(
                    position: place, kind: .index(result, LuaExpression(position: keyPlace, kind: .string(key))))
            case .symbol("["):
                try advance()
                let key = try expression()
                try expect(symbol: "]")
                result = LuaExpression(position: place, kind: .index(result, key))
            case .symbol(":"):
                try advance()
                let (key, _) = try name()
                result = LuaExpression(position: place, kind: .method(result, key, try arguments()))
            case .symbol("("), .symbol("{"), .string:
                result = LuaExpression(position: place, kind: .call(result, try arguments()))
            default: return result
            }
            length += 1
            guard length < Self.maximumDepth else { throw LuaSyntaxError(position: position, message: "is nested too deeply") }
        }
    }

    private mutating func arguments() throws(LuaSyntaxError) -> [LuaExpression] {
        let place = position
        switch token {
        case .string(let text):
            try advance()
            return [LuaExpression(position: place, kind: .string(text))]
        case .symbol("{"): return [try nested { parser throws(LuaSyntaxError) in try parser.table() }]
        case .symbol("("):
            try advance()
            if try accept(symbol: ")") { return [] }
            let list = try expressions()
            try expect(symbol: ")")
            return list
        default: throw unexpected("the arguments of the call")
        }
    }

    private mutating func table() throws(LuaSyntaxError) -> LuaExpression {
        let place = position
        try expect(symbol: "{")
        var items: [LuaExpression.Item] = []
        while !isSymbol("}") {
            let itemPlace = position
            if try accept(symbol: "[") {
                let key = try expression()
                try expect(symbol: "]")
                try expect(symbol: "=")
                items.append(.keyed(key, try expression()))
            } else if case .name(let name) = token, try peek() == .symbol("=") {
                try advance()
                try advance()
                items.append(.named(name, itemPlace, try expression()))
            } else {
                items.append(.positional(try expression()))
            }
            if isSymbol(",") || isSymbol(";") { try advance() } else { break }
        }
        try expect(symbol: "}")
        return LuaExpression(position: place, kind: .table(items))
    }

    private mutating func functionBody(
        at place: LuaPosition, name: String?, receiver: LuaPosition?
    ) throws(LuaSyntaxError) -> LuaFunction {
        scopes.append([:])
        var parameters: [LuaLocal] = []
        var isVariadic = false
        if let receiver { parameters.append(declare("self", at: receiver, .receiver)) }
        try expect(symbol: "(")
        while !isSymbol(")") {
            if try accept(symbol: "...") {
                isVariadic = true
                break
            }
            let (parameter, parameterPlace) = try self.name()
            parameters.append(declare(parameter, at: parameterPlace, .parameter))
            guard isSymbol(",") else { break }
            try advance()
            if isSymbol(")") { throw unexpected("a name") }
        }
        try expect(symbol: ")")
        let function = LuaFunction(at: place, name: name, parameters: parameters, isVariadic: isVariadic)
        variadic.append(isVariadic)
        function.body = try statements()
        variadic.removeLast()
        scopes.removeLast()
        try expect(keyword: "end")
        return function
    }
}
