import Storage

/// The tables of what goes out, and of the secrets that it needs.
package enum OutboxSchema {
    package static let migrations = [
        Migration(
            room: "outbox", number: 1, name: "outbox, secrets",
            sql: """
                -- What is to reach the world outside: written with what it tells of, delivered after that is on disk.
                CREATE TABLE platform_outbox (
                  id          INTEGER PRIMARY KEY,
                  kind        TEXT    NOT NULL CHECK (kind IN ('mail', 'http', 'message', 'print')),
                  -- whose it is; empty for the kernel's own
                  plugin      TEXT    NOT NULL,
                  -- PLUGIN:KEY: the same thing is not sent twice
                  dedupe_key  TEXT    UNIQUE,
                  -- goes with every attempt, so that the other side can tell a repetition
                  message_key TEXT    NOT NULL UNIQUE,
                  target      TEXT    NOT NULL,
                  payload     TEXT    NOT NULL,
                  state       TEXT    NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'dead', 'cancelled')),
                  attempts    INTEGER NOT NULL DEFAULT 0,
                  next_at     TEXT    NOT NULL,
                  last_error  TEXT,
                  -- an attempt ended without anybody knowing how: it may have arrived
                  unsure      INTEGER NOT NULL DEFAULT 0 CHECK (unsure IN (0, 1)),
                  response    TEXT,
                  actor_id    INTEGER NOT NULL,
                  actor       TEXT    NOT NULL,
                  request_id  TEXT    NOT NULL,
                  created_at  TEXT    NOT NULL,
                  updated_at  TEXT    NOT NULL,
                  finished_at TEXT
                ) STRICT;
                CREATE INDEX platform_outbox_due_idx ON platform_outbox (next_at, id) WHERE state IN ('pending', 'sending');
                CREATE INDEX platform_outbox_state_idx ON platform_outbox (state, id);
                CREATE INDEX platform_outbox_finished_idx ON platform_outbox (finished_at) WHERE finished_at IS NOT NULL;
                -- Sealed under a key that is not in this file. name: PLUGIN.NAME, or the kernel's own.
                CREATE TABLE platform_secrets (
                  name       TEXT PRIMARY KEY,
                  sealed     BLOB NOT NULL,
                  updated_at TEXT NOT NULL,
                  updated_by TEXT NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    ]
}
