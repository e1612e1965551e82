import Core
import Scripting

/// One parsed file with what its names stand for: host functions under local names, modules that it requires, functions that
/// it defines.
final class LuaFile {
    /// `pos/lib/sales.lua`
    let name: String
    /// `pos.lib.sales`, by which others require it; nil for what nobody can require.
    let module: String?
    let tree: LuaTree
    /// Locals that are another name of something global: `local of = money.of`.
    private var aliases: [ObjectIdentifier: String] = [:]
    /// Where those other names are given.
    private(set) var aliasPlaces: Set<LuaPosition> = []
    /// Locals that hold what a module returned.
    private(set) var required: [ObjectIdentifier: String] = [:]
    /// Locals that hold one function, for good.
    private(set) var functions: [ObjectIdentifier: LuaFunction] = [:]
    /// The functions that the file returns by name: `run`, or all of a module.
    private(set) var exports: [String: LuaFunction] = [:]
    private var returnedLocal: LuaLocal?

    init(name: String, module: String?, source: [UInt8]) throws(LuaSyntaxError) {
        self.name = name
        self.module = module
        tree = try LuaTree(source)
        note()
    }

    private func note() {
        if case .local(let local)? = tree.returned?.kind { returnedLocal = local }
        var walker = LuaWalker()
        walker.statement = { [self] statement in
            switch statement.kind {
            case .local(let locals, let values):
                for (local, value) in zip(locals, values) where local.writes == 0 { note(local, value) }
            case .localFunction(let local, let function) where local.writes == 0: functions[ObjectIdentifier(local)] = function
            case .function(let target, let function): note(target, function)
            case .assign(let targets, let values):
                for (target, value) in zip(targets, values) {
                    if case .function(let function) = value.kind { note(target, function) }
                }
            default: break
            }
        }
        walker.walk(tree.main.body)
        if let returned = tree.returned { noteExports(returned, at: "") }
    }

    private func note(_ local: LuaLocal, _ value: LuaExpression) {
        let id = ObjectIdentifier(local)
        switch value.kind {
        case .function(let function): functions[id] = function
        case .table where local === returnedLocal: noteExports(value, at: "")
        default:
            if let module = Self.requiredModule(value) {
                required[id] = module
            } else if let path = path(of: value) {
                aliases[id] = path
                aliasPlaces.insert(value.position)
            }
        }
    }

    /// `function M.sell()` and `M.sell = function()` of the table that the file returns.
    private func note(_ target: LuaExpression, _ function: LuaFunction) {
        guard case .index(let base, let key) = target.kind, case .local(let local) = base.kind, local === returnedLocal,
            let name = key.text
        else { return }
        exports[name] = function
    }

    private func noteExports(_ table: LuaExpression, at place: String) {
        var index = 0
        for item in table.items {
            let name: String
            switch item {
            case .named(let word, _, _): name = word
            case .keyed(let key, _):
                guard let word = key.text else { continue }
                name = word
            case .positional:
                index += 1
                name = String(index)
            }
            let full = place.isEmpty ? name : "\(place).\(name)"
            switch item.value.kind {
            case .function(let function): exports[full] = function
            case .local(let local): exports[full] = functions[ObjectIdentifier(local)]
            case .table: noteExports(item.value, at: full)
            default: break
            }
        }
    }

    /// `require "a.b"`: the module's name.
    static func requiredModule(_ expression: LuaExpression) -> String? {
        guard case .call(let callee, let arguments) = expression.kind, callee.globalPath == "require", arguments.count == 1 else { return nil }
        return arguments[0].text
    }

    /// `record.find` for what an expression names, through locals that stand for globals; nil for anything else.
    func path(of expression: LuaExpression) -> String? {
        switch expression.kind {
        case .global(let name): name
        case .local(let local): aliases[ObjectIdentifier(local)]
        case .index(let base, let key):
            if let base = path(of: base), let key = key.text { base + "." + key } else { nil }
        case .parentheses(let inner): path(of: inner)
        default: nil
        }
    }

    /// The function of this file that an expression names.
    func function(_ expression: LuaExpression) -> LuaFunction? {
        switch expression.kind {
        case .local(let local): functions[ObjectIdentifier(local)]
        case .index(let base, let key):
            if case .local(let local) = base.kind, local === returnedLocal, let name = key.text { exports[name] } else { nil }
        default: nil
        }
    }

    /// The module and the member that `stock.move` names where `local stock = require "catalog.lib.stock"`.
    func imported(_ expression: LuaExpression) -> (module: String, member: String)? {
        guard case .index(let base, let key) = expression.kind, let member = key.text else { return nil }
        if case .local(let local) = base.kind, let module = required[ObjectIdentifier(local)] { return (module, member) }
        if let module = Self.requiredModule(base) { return (module, member) }
        return nil
    }
}
