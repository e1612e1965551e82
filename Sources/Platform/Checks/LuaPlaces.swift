import Core
import Scripting

/// Finds the place in a file that a path in its returned table speaks of: `fees.late_fee_amount`, `accounts[3].code`.
///
/// For a path that is not in the file (a missing field) it answers the place of the last part that is.
package struct LuaPlaces {
    private let tree: LuaTree?

    package init(_ source: [UInt8]) {
        tree = try? LuaTree(source)
    }

    init(tree: LuaTree) {
        self.tree = tree
    }

    package init(_ source: String) {
        self.init(Array(source.utf8))
    }

    package func position(of path: String) -> LuaPosition {
        guard var value = table else { return LuaPosition(line: 1, column: 1) }
        var position = value.position
        for part in Self.parts(path) {
            guard let (place, next) = Self.member(part, of: value) else { break }
            position = place
            value = next
        }
        return position
    }

    func line(of path: String) -> Int? { position(of: path).line }

    /// The returned table, through the local that holds it.
    var table: LuaExpression? {
        guard let tree, let returned = tree.returned else { return nil }
        guard case .local(let local) = returned.kind else { return returned }
        for statement in tree.main.body {
            if case .local(let locals, let values) = statement.kind, let index = locals.firstIndex(where: { $0 === local }), index < values.count {
                return values[index]
            }
        }
        return returned
    }

    /// `a.b[3].c` as `a`, `b`, `3`, `c`.
    private static func parts(_ path: String) -> [String] {
        path.replacing("[", with: ".").replacing("]", with: "").split(separator: ".").map(String.init)
    }

    private static func member(_ name: String, of table: LuaExpression) -> (LuaPosition, LuaExpression)? {
        var index = 0
        for item in table.items {
            switch item {
            case .named(let word, let position, let value) where word == name: return (position, value)
            case .keyed(let key, let value) where key.text == name: return (key.position, value)
            case .positional(let value):
                index += 1
                if String(index) == name { return (value.position, value) }
            default: continue
            }
        }
        return nil
    }
}
