import Storage

/// The table of alerts in `system.db`.
enum AlertSchema {
    static let migrations = [
        Migration(
            room: "alerts", number: 1, name: "alerts",
            sql: """
                -- What is, or was, not as it should be. One row from when it was noticed until it is over.
                CREATE TABLE alerts (
                  id         INTEGER PRIMARY KEY,
                  condition  TEXT    NOT NULL,
                  tenant_id  INTEGER,
                  -- what of the tenant, or of the installation: a job, an endpoint; empty where there is only one
                  subject    TEXT    NOT NULL,
                  detail     TEXT    NOT NULL,
                  raised_at  TEXT    NOT NULL,
                  cleared_at TEXT,
                  -- who cleared it; NULL when it was over by itself
                  cleared_by TEXT,
                  mail       TEXT    NOT NULL CHECK (mail IN ('waiting', 'sent', 'none')),
                  mail_attempts INTEGER NOT NULL DEFAULT 0,
                  mail_next_at  TEXT NOT NULL,
                  mail_error TEXT
                ) STRICT;
                CREATE UNIQUE INDEX alerts_open_idx ON alerts (condition, ifnull(tenant_id, 0), subject) WHERE cleared_at IS NULL;
                CREATE INDEX alerts_mail_idx ON alerts (mail_next_at) WHERE mail = 'waiting';
                CREATE INDEX alerts_cleared_idx ON alerts (condition, subject, cleared_at) WHERE cleared_at IS NOT NULL;
                """)
    ]
}
