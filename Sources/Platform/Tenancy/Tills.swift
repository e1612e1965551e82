import Core
import Storage

/// A place in a branch where sales are made and money is taken.
package struct Till: Sendable, Equatable {
    package let id: Int64
    package let branchID: Int64
    /// Unique in its branch.
    package let code: String
    package let name: String
    package let isActive: Bool
    package let version: Int64
    package let createdAt: String
    package let updatedAt: String

    package var value: Value {
        [
            "id": .int(id), "branch_id": .int(branchID), "code": .string(code), "name": .string(name),
            "status": isActive ? "active" : "inactive", "version": .int(version), "created_at": .string(createdAt),
            "updated_at": .string(updatedAt),
        ]
    }
}

/// The tills of the tenant's branches.
package enum Tills {
    private static let columns = "id, branch_id, code, name, status, version, created_at, updated_at"
    private static let select = SQL("SELECT \(columns) FROM platform_tills WHERE id = ?1")
    private static let selectByCode = SQL("SELECT \(columns) FROM platform_tills WHERE branch_id = ?1 AND code = ?2")
    private static let selectPage = SQL(
        """
        SELECT \(columns) FROM platform_tills WHERE id > ?1 AND (?2 IS NULL OR branch_id = ?2)
          AND (?3 IS NULL OR branch_id IN (SELECT value FROM json_each(?3))) ORDER BY id LIMIT ?4
        """)
    private static let insert = SQL(
        """
        INSERT INTO platform_tills (branch_id, code, name, status, created_at, updated_at)
          VALUES (?1, ?2, ?3, 'active', ?4, ?4)
        """)
    private static let update = SQL(
        "UPDATE platform_tills SET name = ?2, status = ?3, updated_at = ?4, version = version + 1 WHERE id = ?1")

    /// - Throws: 404 `till.not_found`.
    package static func get(_ db: Connection, _ id: Int64) throws -> Till {
        guard let till = try db.first(select, id, row: { read($0) }) else {
            throw notFound(id)
        }
        return till
    }

    static func notFound(_ id: Int64) -> Problem { Problem(404, "till.not_found", "There is no till \(id).") }

    package static func find(_ db: Connection, branchID: Int64, code: String) throws -> Till? {
        try db.first(selectByCode, branchID, code, row: { read($0) })
    }

    /// - Parameter among: only those of these branches; nil for all.
    package static func list(
        _ db: Connection, after: Int64 = 0, branchID: Int64? = nil, among ids: Set<Int64>? = nil, limit: Int
    ) throws -> [Till] {
        try db.query(selectPage, after, branchID, Branches.json(ids), Int64(limit), row: { read($0) })
    }

    /// - Throws: 409 `till.code_taken`, 422 `till.code_invalid`, `branch.not_found`.
    package static func create(
        _ db: Connection, _ actor: ActingUser, branchID: Int64, code: String, name: String
    ) throws -> Till {
        try Branches.checkCode(code, of: "till")
        guard try Branches.exists(db, branchID) else {
            throw Problem(422, "branch.not_found", "There is no branch \(branchID).", field: "branch_id")
        }
        guard try find(db, branchID: branchID, code: code) == nil else {
            throw Problem(409, "till.code_taken", "The branch has a till \(code) already.", field: "code")
        }
        try db.run(insert, branchID, code, name, actor.at)
        let till = try get(db, db.lastInsertRowID)
        try Audit.append(db, actor, "till.created", object: ("till", till.id), after: till.value)
        return till
    }

    package static func change(
        _ db: Connection, _ actor: ActingUser, _ id: Int64, name: String? = nil, isActive: Bool? = nil
    ) throws -> Till {
        let before = try get(db, id)
        try db.run(update, id, name ?? before.name, isActive ?? before.isActive ? "active" : "inactive", actor.at)
        let after = try get(db, id)
        let changes = Audit.difference(before.value, after.value)
        try Audit.append(db, actor, "till.changed", object: ("till", id), before: changes.before, after: changes.after)
        return after
    }

    private static func read(_ row: Storage.Row) -> Till {
        Till(
            id: row.int(0), branchID: row.int(1), code: row.text(2), name: row.text(3), isActive: row.text(4) == "active",
            version: row.int(5), createdAt: row.text(6), updatedAt: row.text(7))
    }
}
