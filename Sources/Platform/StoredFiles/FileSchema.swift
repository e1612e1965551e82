import Storage

/// Where a tenant's files are: in its database, so that its isolation, backup, move and erasure are theirs too.
package enum FileSchema {
    package static let migrations = [
        Migration(
            room: "files", number: 1, name: "files that records refer to",
            sql: """
                -- What is in files; the same bytes are kept once.
                CREATE TABLE platform_file_contents (
                  id     INTEGER PRIMARY KEY,
                  sha256 TEXT    NOT NULL UNIQUE CHECK (length(sha256) = 64),
                  size   INTEGER NOT NULL CHECK (size >= 0),
                  bytes  BLOB    NOT NULL
                ) STRICT;
                CREATE TABLE platform_files (
                  id         INTEGER PRIMARY KEY,
                  name       TEXT    NOT NULL,
                  media_type TEXT    NOT NULL,
                  content_id INTEGER NOT NULL REFERENCES platform_file_contents (id),
                  -- whose code made it; empty where a person sent it
                  plugin     TEXT    NOT NULL,
                  -- since when no record was seen to refer to it; empty while one does
                  unheld_at  TEXT,
                  created_at TEXT    NOT NULL,
                  created_by INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX platform_files_content_id_idx ON platform_files (content_id);
                CREATE INDEX platform_files_created_by_idx ON platform_files (created_by) WHERE unheld_at IS NOT NULL;
                -- Up to where housekeeping has looked.
                CREATE TABLE platform_file_sweeps (
                  id       INTEGER PRIMARY KEY CHECK (id = 1),
                  after_id INTEGER NOT NULL
                ) STRICT;
                INSERT INTO platform_file_sweeps (id, after_id) VALUES (1, 0);
                """)
    ]
}
