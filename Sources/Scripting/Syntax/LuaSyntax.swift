/// A place in a source text.
package struct LuaPosition: Sendable, Hashable, Comparable {
    /// From 1.
    package var line: Int
    /// From 1, in characters.
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: LuaPosition, right: LuaPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Where and why a text is no Lua.
package struct LuaSyntaxError: Error, Equatable {
    package let position: LuaPosition
    package let message: String
}

/// A local variable with all that is known of its use.
package final class LuaLocal {
    package enum Kind { case variable, parameter, loop, function, receiver }

    package let name: String
    package let position: LuaPosition
    package let kind: Kind
    /// `const` or `close`.
    package var attribute: String?
    package internal(set) var reads = 0
    package internal(set) var writes = 0

    init(_ name: String, at position: LuaPosition, _ kind: Kind) {
        self.name = name
        self.position = position
        self.kind = kind
    }
}

/// One function, or the whole file.
package final class LuaFunction {
    package let position: LuaPosition
    /// `M.sell`, `stock:move`, or nil where it has no name of its own.
    package let name: String?
    package let parameters: [LuaLocal]
    package let isVariadic: Bool
    package internal(set) var body: [LuaStatement] = []

    init(at position: LuaPosition, name: String?, parameters: [LuaLocal], isVariadic: Bool) {
        self.position = position
        self.name = name
        self.parameters = parameters
        self.isVariadic = isVariadic
    }
}

package struct LuaStatement {
    package indirect enum Kind {
        case local([LuaLocal], [LuaExpression])
        case assign([LuaExpression], [LuaExpression])
        case call(LuaExpression)
        /// `function a.b()`: the target is a name or an index.
        case function(LuaExpression, LuaFunction)
        case localFunction(LuaLocal, LuaFunction)
        case block([LuaStatement])
        case `while`(LuaExpression, [LuaStatement])
        case `repeat`([LuaStatement], LuaExpression)
        case `if`([(LuaExpression, [LuaStatement])], [LuaStatement])
        case numericFor(LuaLocal, [LuaExpression], [LuaStatement])
        case genericFor([LuaLocal], [LuaExpression], [LuaStatement])
        case `return`([LuaExpression])
        case `break`
        case goto(String)
        case label(String)
    }

    package let position: LuaPosition
    package let kind: Kind
}

package struct LuaExpression {
    package indirect enum Kind {
        case `nil`
        case boolean(Bool)
        case vararg
        case integer(Int64)
        /// A number with a fraction or an exponent, as it was written.
        case float(Double, String)
        case string(String)
        case function(LuaFunction)
        case local(LuaLocal)
        case global(String)
        case index(LuaExpression, LuaExpression)
        case call(LuaExpression, [LuaExpression])
        case method(LuaExpression, String, [LuaExpression])
        case binary(String, LuaExpression, LuaExpression)
        case unary(String, LuaExpression)
        case table([Item])
        case parentheses(LuaExpression)
    }

    package enum Item {
        case positional(LuaExpression)
        case named(String, LuaPosition, LuaExpression)
        case keyed(LuaExpression, LuaExpression)

        package var value: LuaExpression {
            switch self {
            case .positional(let value), .named(_, _, let value), .keyed(_, let value): value
            }
        }
    }

    package let position: LuaPosition
    package let kind: Kind
}

/// A parsed file.
package struct LuaTree {
    package let main: LuaFunction
    /// Every local of the file, in the order of their declaration.
    package let locals: [LuaLocal]
    /// Every use of a global by name.
    package let globals: [GlobalName]

    package struct GlobalName {
        package let name: String
        package let position: LuaPosition
        package let isWrite: Bool
    }

    /// - Throws: `LuaSyntaxError` with the first place that is wrong.
    package init(_ source: [UInt8]) throws(LuaSyntaxError) {
        var parser = try LuaParser(source)
        self = try parser.file()
    }

    init(main: LuaFunction, locals: [LuaLocal], globals: [GlobalName]) {
        self.main = main
        self.locals = locals
        self.globals = globals
    }

    /// What the file returns at its end, if it is written there.
    package var returned: LuaExpression? {
        guard case .return(let values)? = main.body.last?.kind else { return nil }
        return values.first
    }
}

extension LuaExpression {
    package var text: String? {
        if case .string(let text) = kind { text } else { nil }
    }

    /// `a.b.c` for names and constant indexes; nil for anything else.
    package var dottedName: String? {
        switch kind {
        case .global(let name): name
        case .local(let local): local.name
        case .index(let base, let key):
            if let base = base.dottedName, let key = key.text { "\(base).\(key)" } else { nil }
        case .parentheses(let inner): inner.dottedName
        default: nil
        }
    }

    /// `record.find` for a member of a global; nil where the first name is a local.
    package var globalPath: String? {
        switch kind {
        case .global(let name): name
        case .index(let base, let key):
            if let base = base.globalPath, let key = key.text { "\(base).\(key)" } else { nil }
        case .parentheses(let inner): inner.globalPath
        default: nil
        }
    }

    package var items: [Item] {
        if case .table(let items) = kind { items } else { [] }
    }

    /// The value of a named member of a table constructor.
    package func member(_ name: String) -> LuaExpression? {
        for item in items {
            switch item {
            case .named(name, _, let value): return value
            case .keyed(let key, let value) where key.text == name: return value
            default: continue
            }
        }
        return nil
    }
}
