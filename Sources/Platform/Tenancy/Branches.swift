import Core
import Storage

/// A site or shop of the tenant.
package struct Branch: Sendable, Equatable {
    package let id: Int64
    /// `ACC-01`: unique in the tenant.
    package let code: String
    package let name: String
    /// What rule sets are chosen by: `clothing`, `hardware`; empty for none.
    package let businessType: String
    package let address: String
    package let phone: String
    package let email: String
    package let isActive: Bool
    package let version: Int64
    package let createdAt: String
    package let updatedAt: String

    package var value: Value {
        [
            "id": .int(id), "code": .string(code), "name": .string(name), "business_type": .string(businessType),
            "address": .string(address), "phone": .string(phone), "email": .string(email),
            "status": isActive ? "active" : "inactive", "version": .int(version), "created_at": .string(createdAt),
            "updated_at": .string(updatedAt),
        ]
    }
}

/// The tenant's branches.
package enum Branches {
    private static let columns =
        "id, code, name, business_type, address, phone, email, status, version, created_at, updated_at"
    private static let select = SQL("SELECT \(columns) FROM platform_branches WHERE id = ?1")
    private static let selectByCode = SQL("SELECT \(columns) FROM platform_branches WHERE code = ?1")
    private static let selectPage = SQL(
        """
        SELECT \(columns) FROM platform_branches
          WHERE id > ?1 AND (?2 IS NULL OR id IN (SELECT value FROM json_each(?2))) ORDER BY id LIMIT ?3
        """)
    private static let exists = SQL("SELECT 1 FROM platform_branches WHERE id = ?1")
    private static let insert = SQL(
        """
        INSERT INTO platform_branches (code, name, business_type, address, phone, email, status, created_at, updated_at)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
        """)
    private static let update = SQL(
        """
        UPDATE platform_branches SET name = ?2, business_type = ?3, address = ?4, phone = ?5, email = ?6, status = ?7,
          updated_at = ?8, version = version + 1 WHERE id = ?1
        """)

    /// - Throws: 404 `branch.not_found`.
    package static func get(_ db: Connection, _ id: Int64) throws -> Branch {
        guard let branch = try db.first(select, id, row: { read($0) }) else {
            throw notFound(id)
        }
        return branch
    }

    static func notFound(_ id: Int64) -> Problem { Problem(404, "branch.not_found", "There is no branch \(id).") }

    package static func find(_ db: Connection, code: String) throws -> Branch? {
        try db.first(selectByCode, code, row: { read($0) })
    }

    private static let selectCode = SQL("SELECT code FROM platform_branches WHERE id = ?1")

    package static func code(_ db: Connection, _ id: Int64) throws -> String? {
        try db.first(selectCode, id, row: { $0.text(0) })
    }

    package static func exists(_ db: Connection, _ id: Int64) throws -> Bool {
        try db.first(exists, id, row: { _ in true }) ?? false
    }

    /// - Parameter among: only these; nil for all.
    package static func list(
        _ db: Connection, after: Int64 = 0, among ids: Set<Int64>? = nil, limit: Int
    ) throws -> [Branch] {
        try db.query(selectPage, after, json(ids), Int64(limit), row: { read($0) })
    }

    /// A set of ids as a parameter for `json_each`.
    static func json(_ ids: Set<Int64>?) -> String? {
        ids.map { "[\($0.sorted().map(String.init).joined(separator: ","))]" }
    }

    /// - Throws: 409 `branch.code_taken`, 422 `branch.code_invalid`.
    package static func create(
        _ db: Connection, _ actor: ActingUser, code: String, name: String, businessType: String = "", address: String = "",
        phone: String = "", email: String = "", isActive: Bool = true
    ) throws -> Branch {
        try checkCode(code, of: "branch")
        guard try find(db, code: code) == nil else {
            throw Problem(409, "branch.code_taken", "There is a branch \(code) already.", field: "code")
        }
        try db.run(
            insert, code, name, businessType, address, phone, email, isActive ? "active" : "inactive", actor.at)
        let branch = try get(db, db.lastInsertRowID)
        try Audit.append(db, actor, "branch.created", object: ("branch", branch.id), after: branch.value)
        return branch
    }

    /// Replaces what is given, keeps what is nil. The code stays: documents carry it.
    package static func change(
        _ db: Connection, _ actor: ActingUser, _ id: Int64, name: String? = nil, businessType: String? = nil,
        address: String? = nil, phone: String? = nil, email: String? = nil, isActive: Bool? = nil
    ) throws -> Branch {
        let before = try get(db, id)
        try db.run(
            update, id, name ?? before.name, businessType ?? before.businessType, address ?? before.address,
            phone ?? before.phone, email ?? before.email, isActive ?? before.isActive ? "active" : "inactive", actor.at)
        let after = try get(db, id)
        let changes = Audit.difference(before.value, after.value)
        try Audit.append(
            db, actor, "branch.changed", object: ("branch", id), before: changes.before, after: changes.after)
        return after
    }

    /// Codes of branches and tills: 1 to 20 capitals, digits and hyphens.
    static func checkCode(_ code: String, of thing: String) throws {
        let isFine = (1...20).contains(code.utf8.count) && code.utf8.allSatisfy { byte in
            (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
        }
        guard isFine else {
            throw Problem(
                422, "\(thing).code_invalid", "A code is 1 to 20 capital letters, digits and hyphens, such as ACC-01.",
                field: "code")
        }
    }

    private static func read(_ row: Storage.Row) -> Branch {
        Branch(
            id: row.int(0), code: row.text(1), name: row.text(2), businessType: row.text(3), address: row.text(4),
            phone: row.text(5), email: row.text(6), isActive: row.text(7) == "active", version: row.int(8),
            createdAt: row.text(9), updatedAt: row.text(10))
    }
}
