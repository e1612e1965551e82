import Storage

/// The tables of where plugins come from and what happened to them. The packages themselves are with the revisions.
package enum PackageSchema {
    package static let migrations = [
        Migration(
            room: "packages", number: 1, name: "publishers, archives, history of plugins",
            sql: """
                -- The key with which a publisher's first plugin came: later ones must be signed by it too.
                CREATE TABLE platform_publisher_keys (
                  publisher TEXT PRIMARY KEY,
                  key       BLOB NOT NULL CHECK (length(key) = 32),
                  pinned_at TEXT NOT NULL,
                  pinned_by INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                -- Uploaded and verified, waiting for somebody to agree with the plan.
                CREATE TABLE platform_plugin_archives (
                  digest      TEXT PRIMARY KEY,
                  name        TEXT NOT NULL,
                  version     TEXT NOT NULL,
                  publisher   TEXT NOT NULL,
                  bytes       BLOB NOT NULL,
                  uploaded_at TEXT NOT NULL,
                  uploaded_by INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE platform_plugin_events (
                  id                INTEGER PRIMARY KEY,
                  plugin            TEXT NOT NULL,
                  action            TEXT NOT NULL CHECK (action IN ('installed', 'upgraded', 'rolled_back', 'uninstalled', 'purged')),
                  package_id        INTEGER REFERENCES platform_packages (id),
                  former_package_id INTEGER REFERENCES platform_packages (id),
                  archive_digest    TEXT,
                  -- JSON: files of migrations that ran, and those among them that no older version can live with
                  migrations        TEXT NOT NULL,
                  destructive       TEXT NOT NULL,
                  consents          TEXT NOT NULL,
                  author_id         INTEGER NOT NULL,
                  author            TEXT NOT NULL,
                  at                TEXT NOT NULL
                ) STRICT;
                CREATE INDEX platform_plugin_events_plugin_idx ON platform_plugin_events (plugin, id);
                -- Taken out, with their data still there.
                CREATE TABLE platform_removed_plugins (
                  plugin     TEXT PRIMARY KEY,
                  package_id INTEGER NOT NULL REFERENCES platform_packages (id),
                  -- JSON: rule files that were in force, with their versions
                  files      TEXT NOT NULL,
                  -- JSON: its tables, a type's before those of its lines
                  tables     TEXT NOT NULL,
                  removed_at TEXT NOT NULL,
                  removed_by INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE platform_plugin_migrations (
                  plugin     TEXT NOT NULL,
                  number     INTEGER NOT NULL CHECK (number > 0),
                  file       TEXT NOT NULL,
                  hash       TEXT NOT NULL,
                  applied_at TEXT NOT NULL,
                  PRIMARY KEY (plugin, number)
                ) STRICT, WITHOUT ROWID;
                """)
    ]
}
