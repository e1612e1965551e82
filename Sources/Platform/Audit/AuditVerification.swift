import Core
import Storage

/// What a walk over the audit trail found.
package struct AuditReport: Sendable, Equatable {
    package struct Fault: Sendable, Equatable {
        /// The row at which the chain breaks.
        package let id: Int64
        package let detail: String
    }

    package let rows: Int64
    package let head: Audit.Head
    /// At most 20; empty when the trail is whole.
    package let faults: [Fault]
    package var isWhole: Bool { faults.isEmpty }
}

extension Audit {
    private static let selectRows = SQL(
        """
        SELECT id, at, actor_id, actor, action, object_type, object_id, before, after, reason, remote_address, request_id,
          digest FROM platform_audit ORDER BY id
        """)

    /// Walks the whole trail and computes every digest anew.
    ///
    /// - Parameter known: a head that was kept elsewhere; the trail must still contain it.
    package static func verify(_ db: Connection, known: Head? = nil) throws -> AuditReport {
        var previous: [UInt8] = []
        var expected: Int64 = 1
        var rows: Int64 = 0
        var faults: [AuditReport.Fault] = []
        var knownIsThere = known.map { $0.id == 0 } ?? true
        try db.each(selectRows) { row in
            let fields = Row(
                id: row.int(0), at: row.text(1), actorID: row.int(2), actor: row.text(3), action: row.text(4),
                objectType: row.text(5), objectID: row.text(6), before: row.optionalText(7), after: row.optionalText(8),
                reason: row.text(9), remoteAddress: row.text(10), requestID: row.text(11))
            let stored = row.bytes(12)
            if fields.id != expected {
                faults.append(.init(id: fields.id, detail: "Row \(expected) is missing."))
            } else if fields.digest(after: previous) != stored {
                faults.append(.init(id: fields.id, detail: "Row \(fields.id) is not as it was written."))
            }
            if let known, known.id == fields.id {
                knownIsThere = true
                if known.digest != stored {
                    faults.append(.init(id: fields.id, detail: "Row \(fields.id) differs from the head kept elsewhere."))
                }
            }
            previous = stored
            expected = fields.id + 1
            rows += 1
            return faults.count < 20
        }
        if let known, !knownIsThere, faults.isEmpty {
            faults.append(.init(id: known.id, detail: "Rows up to \(known.id) were there once and are gone."))
        }
        return AuditReport(rows: rows, head: Head(id: expected - 1, digest: previous), faults: faults)
    }
}
