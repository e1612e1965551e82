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
        /// The document takes effect in the books: from here on it is changed by moves only.
        package let posts: Bool
        /// A posted document is undone.
        package let voids: Bool
    }

    /// The moves of documents that hit the ledger: draft → posted → voided.
    package enum Posting: String, Sendable {
        case post, void
    }

    package let field: String
    package let initial: String
    package let moves: [Move]
    /// The states from the move that posts on: a record in one of them is changed by moves only.
    package let settled: Set<String>

    package func moves(from state: String) -> [Move] { moves.filter { $0.from == state } }

    /// Whether a move posts, or voids.
    func has(_ posting: Posting) -> Bool { moves.contains { $0.is(posting) } }

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
                hasEffect: try isFunction("effect"), posts: try move.flag("post"), voids: try move.flag("void"))
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
        settled = Self.settled(moves)
        try declaration.finish()
        try Self.checkPosting(moves, settled, initial: initial, declaration)
    }

    /// Refuses moves that post or void where they cannot.
    private static func checkPosting(
        _ moves: [Move], _ settled: Set<String>, initial: String, _ declaration: Declaration
    ) throws(DeclarationError) {
        if settled.contains(initial) { throw declaration.wrong("moves", "lead from a posted state back to \(initial), where records begin") }
        let voided = Set(moves.filter(\.voids).map(\.to))
        var posting: [String: String] = [:]
        for move in moves {
            let place = "moves[\(move.place)]"
            if move.posts, move.voids { throw declaration.wrong(place, "cannot post and void at once") }
            if move.posts, settled.contains(move.from) { throw declaration.wrong(place, "posts from \(move.from), where records are posted already") }
            if move.voids, !settled.contains(move.from) { throw declaration.wrong(place, "voids from \(move.from), where no record is posted yet") }
            if voided.contains(move.from) { throw declaration.wrong(place, "leads out of \(move.from), where records are void") }
            guard move.posts || move.voids else { continue }
            let verb = move.posts ? "posts" : "voids"
            if let other = posting.updateValue(move.to, forKey: "\(verb) \(move.from)") {
                throw declaration.wrong(place, "\(verb) from \(move.from), as the move to \(other) does already")
            }
        }
    }

    /// What the moves that post lead to, at once or later.
    private static func settled(_ moves: [Move]) -> Set<String> {
        var found = Set(moves.filter(\.posts).map(\.to))
        while true {
            let more = found.union(moves.filter { found.contains($0.from) }.map(\.to))
            if more == found { return found }
            found = more
        }
    }
}

extension RecordState.Move {
    func `is`(_ posting: RecordState.Posting) -> Bool { posting == .post ? posts : voids }
}
