import Storage

/// The kernel's own tables beside those of the record types.
package enum RecordMoveSchema {
    package static let migrations = [
        Migration(
            room: "records", number: 1, name: "moves between states",
            sql: """
                -- Each move of a record from one state to another, as it happened.
                CREATE TABLE platform_record_moves (
                  id          INTEGER PRIMARY KEY,
                  record_type TEXT    NOT NULL,
                  record_id   INTEGER NOT NULL,
                  from_state  TEXT    NOT NULL,
                  to_state    TEXT    NOT NULL,
                  note        TEXT    NOT NULL,
                  user_id     INTEGER NOT NULL,
                  moved_at    TEXT    NOT NULL,
                  request_id  TEXT    NOT NULL
                ) STRICT;
                CREATE INDEX platform_record_moves_record_type_record_id_idx ON platform_record_moves (record_type, record_id);
                CREATE TRIGGER platform_record_moves_no_update BEFORE UPDATE ON platform_record_moves
                BEGIN SELECT RAISE(ABORT, 'platform_record_moves is append-only'); END;
                CREATE TRIGGER platform_record_moves_no_delete BEFORE DELETE ON platform_record_moves
                BEGIN SELECT RAISE(ABORT, 'platform_record_moves is append-only'); END;
                """),
        Migration(
            room: "records", number: 2, name: "hooks that keep failing",
            sql: """
                -- Hooks that are not tried any more, by name and version of their plugin.
                CREATE TABLE platform_hook_switches (
                  hook            TEXT PRIMARY KEY,
                  failures        INTEGER NOT NULL,
                  error           TEXT    NOT NULL,
                  switched_off_at TEXT    NOT NULL
                ) STRICT, WITHOUT ROWID;
                """),
    ]
}
