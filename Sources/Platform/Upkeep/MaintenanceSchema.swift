import Storage

/// What was done to keep the databases in shape, in `system.db`.
enum MaintenanceSchema {
    static let migrations = [
        Migration(
            room: "maintenance", number: 1, name: "runs",
            sql: """
                CREATE TABLE maintenance_runs (
                  id          INTEGER PRIMARY KEY,
                  tenant_id   INTEGER NOT NULL,
                  started_at  TEXT    NOT NULL,
                  finished_at TEXT    NOT NULL,
                  -- done; partly: somebody needed the database meanwhile; failed
                  result      TEXT    NOT NULL CHECK (result IN ('done', 'partly', 'failed')),
                  actor       TEXT    NOT NULL,
                  bytes_before      INTEGER NOT NULL,
                  bytes_after       INTEGER NOT NULL,
                  free_bytes_before INTEGER NOT NULL,
                  free_bytes_after  INTEGER NOT NULL,
                  indexes_rebuilt   INTEGER NOT NULL,
                  tables_analysed   INTEGER NOT NULL,
                  is_compacted      INTEGER NOT NULL CHECK (is_compacted IN (0, 1)),
                  detail      TEXT    NOT NULL
                ) STRICT;
                CREATE INDEX maintenance_runs_tenant_idx ON maintenance_runs (tenant_id, id);
                """)
    ]
}
