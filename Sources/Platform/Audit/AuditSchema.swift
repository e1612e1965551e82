import Storage

extension Audit {
    /// The audit trail has the same shape in a tenant's database and in the system's.
    static let schema = """
        CREATE TABLE platform_audit (
          id             INTEGER PRIMARY KEY,
          at             TEXT NOT NULL,
          actor_id       INTEGER NOT NULL,
          actor          TEXT NOT NULL,
          action         TEXT NOT NULL,
          object_type    TEXT NOT NULL,
          object_id      TEXT NOT NULL,
          before         TEXT,
          after          TEXT,
          reason         TEXT NOT NULL,
          remote_address TEXT NOT NULL,
          request_id     TEXT NOT NULL,
          -- SHA-256 over the row before and this row's fields: see Audit.digest
          digest         BLOB NOT NULL CHECK (length(digest) = 32)
        ) STRICT;
        CREATE INDEX platform_audit_object_idx ON platform_audit (object_type, object_id);
        CREATE TRIGGER platform_audit_no_update BEFORE UPDATE ON platform_audit
          BEGIN SELECT RAISE(ABORT, 'audit rows are append-only'); END;
        CREATE TRIGGER platform_audit_no_delete BEFORE DELETE ON platform_audit
          BEGIN SELECT RAISE(ABORT, 'audit rows are append-only'); END;
        """

    /// Writes that were refused. Kept 90 days: a log, not evidence.
    static let refusalSchema = """
        CREATE TABLE platform_refusals (
          id             INTEGER PRIMARY KEY,
          at             TEXT NOT NULL,
          actor_id       INTEGER NOT NULL,
          actor          TEXT NOT NULL,
          endpoint       TEXT NOT NULL,
          status         INTEGER NOT NULL,
          code           TEXT NOT NULL,
          detail         TEXT NOT NULL,
          remote_address TEXT NOT NULL,
          request_id     TEXT NOT NULL
        ) STRICT;
        """
}
