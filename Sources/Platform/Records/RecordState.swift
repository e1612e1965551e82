import Core

/// The state field of a record type, and the moves that there are between its values.
package struct RecordState: Sendable {
    package struct Move: Sendable {
        package let from: String
        package let to: String
        package let title: String?
        /// What the mover must be allowed; the type's permission to update where it is nil.
        package let permission: String?
        /// Its place in the declaration, from 1: where its functions are found.
        let place: Int
        /// Whether a function says if this record may move now.
        let hasGuard: Bool
        /// Whether a function changes the record on its way.
        let hasEffect: Bool
    }

    package let field: String
    package let initial: String
    package let moves: [Move]

    package func moves(from state: String) -> [Move] { moves.filter { $0.from == state } }

    /// - Parameter declaration: the member `state` of a record type.
    init(_ declaration: Declaration, fields: [FieldDeclaration], update: String?) throws(DeclarationError) {
        let name = try declaration.requiredText("field")
        guard let field = fields.first(where: { $0.name == name }), field.kind == .enum else {
            throw declaration.wrong("field", "is “\(name)”, which is not a field of the kind enum")
        }
        func known(_ state: String, _ place: String) throws(DeclarationError) -> String {
            guard field.values.contains(state) else {
                throw declaration.wrong(place, "is “\(state)”, which is not one of \(field.values.joined(separator: ", "))")
            }
            return state
        }
        self.field = name
        initial = try known(try declaration.requiredText("initial"), "initial")
        if let fallback = field.fallback, fallback != .string(initial) {
            throw declaration.wrong("initial", "is “\(initial)”, and the field's default is another")
        }
        var moves: [Move] = []
        for (index, item) in try declaration.list("moves").enumerated() {
            let place = "moves[\(index + 1)]"
            let move = try Declaration(item.keyed, file: declaration.file, place: declaration.path(place))
            guard case .string(let from)? = move.value("1"), case .string(let to)? = move.value("2") else {
                throw declaration.wrong(place, "must begin with two states, such as { \"OPEN\", \"CLOSED\" }")
            }
            func isFunction(_ name: String) throws(DeclarationError) -> Bool {
                guard let value = move.value(name) else { return false }
                guard value.isScriptFunction else { throw move.wrong(name, "must be a function") }
                return true
            }
            let made = Move(
                from: try known(from, "\(place)[1]"), to: try known(to, "\(place)[2]"), title: try move.text("title"),
                permission: try move.text("permission"), place: index + 1, hasGuard: try isFunction("guard"),
                hasEffect: try isFunction("effect"))
            try move.finish()
            if from == to { throw declaration.wrong(place, "moves from \(from) to itself") }
            if moves.contains(where: { $0.from == from && $0.to == to }) {
                throw declaration.wrong(place, "declares the move from \(from) to \(to) a second time")
            }
            if made.permission == nil, update == nil {
                throw declaration.wrong(place, "names no permission, and the type has none to update")
            }
            moves.append(made)
        }
        self.moves = moves
        try declaration.finish()
    }
}
