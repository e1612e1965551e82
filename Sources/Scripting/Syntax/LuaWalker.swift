/// Goes through a tree, every expression and every statement once, in the order of the text.
package struct LuaWalker {
    /// What is called for each expression, before its parts; false passes over the parts.
    package var expression: (LuaExpression) -> Bool = { _ in true }
    package var statement: (LuaStatement) -> Void = { _ in }
    /// Called for each function; false passes over its body.
    package var function: (LuaFunction) -> Bool = { _ in true }

    package init() {}

    package func walk(_ body: [LuaStatement]) {
        for one in body { walk(one) }
    }

    package func walk(_ list: [LuaExpression]) {
        for one in list { walk(one) }
    }

    package func walk(_ function: LuaFunction) {
        if self.function(function) { walk(function.body) }
    }

    package func walk(_ one: LuaStatement) {
        statement(one)
        switch one.kind {
        case .local(_, let values): walk(values)
        case .assign(let targets, let values):
            walk(targets)
            walk(values)
        case .call(let call): walk(call)
        case .function(let target, let function):
            walk(target)
            walk(function)
        case .localFunction(_, let function): walk(function)
        case .block(let body): walk(body)
        case .while(let condition, let body):
            walk(condition)
            walk(body)
        case .repeat(let body, let condition):
            walk(body)
            walk(condition)
        case .if(let branches, let otherwise):
            for (condition, body) in branches {
                walk(condition)
                walk(body)
            }
            walk(otherwise)
        case .numericFor(_, let range, let body):
            walk(range)
            walk(body)
        case .genericFor(_, let values, let body):
            walk(values)
            walk(body)
        case .return(let values): walk(values)
        case .break, .goto, .label: break
        }
    }

    package func walk(_ one: LuaExpression) {
        guard expression(one) else { return }
        switch one.kind {
        case .function(let function): walk(function)
        case .index(let base, let key):
            walk(base)
            walk(key)
        case .call(let callee, let arguments):
            walk(callee)
            walk(arguments)
        case .method(let base, _, let arguments):
            walk(base)
            walk(arguments)
        case .binary(_, let left, let right):
            walk(left)
            walk(right)
        case .unary(_, let operand): walk(operand)
        case .parentheses(let inner): walk(inner)
        case .table(let items):
            for item in items {
                if case .keyed(let key, _) = item { walk(key) }
                walk(item.value)
            }
        case .nil, .boolean, .vararg, .integer, .float, .string, .local, .global: break
        }
    }
}
