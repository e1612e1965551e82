import Storage

/// The tables of what runs: sources by their hash, plugin packages, rule files with versions and drafts, and revisions.
package enum RevisionSchema {
    package static let migrations = [
        Migration(
            room: "revisions", number: 1, name: "sources, packages, scripts, revisions",
            sql: """
                -- Each text once, whichever versions and packages share it.
                CREATE TABLE platform_sources (
                  hash   TEXT PRIMARY KEY,
                  source BLOB NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE platform_packages (
                  id           INTEGER PRIMARY KEY,
                  name         TEXT NOT NULL,
                  version      TEXT NOT NULL,
                  hash         TEXT NOT NULL UNIQUE,
                  installed_at TEXT NOT NULL,
                  installed_by INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE platform_package_files (
                  package_id INTEGER NOT NULL REFERENCES platform_packages (id),
                  path       TEXT NOT NULL,
                  hash       TEXT NOT NULL REFERENCES platform_sources (hash),
                  PRIMARY KEY (package_id, path)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE platform_scripts (
                  id   INTEGER PRIMARY KEY,
                  path TEXT NOT NULL UNIQUE
                ) STRICT;
                -- A version is never changed: records name the version under which they were made.
                CREATE TABLE platform_script_versions (
                  script_id   INTEGER NOT NULL REFERENCES platform_scripts (id),
                  version     INTEGER NOT NULL CHECK (version > 0),
                  hash        TEXT NOT NULL REFERENCES platform_sources (hash),
                  message     TEXT NOT NULL,
                  author_id   INTEGER NOT NULL,
                  author      TEXT NOT NULL,
                  created_at  TEXT NOT NULL,
                  PRIMARY KEY (script_id, version)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE platform_script_drafts (
                  script_id    INTEGER PRIMARY KEY REFERENCES platform_scripts (id),
                  hash         TEXT NOT NULL REFERENCES platform_sources (hash),
                  base_version INTEGER NOT NULL,
                  message      TEXT NOT NULL,
                  author_id    INTEGER NOT NULL,
                  author       TEXT NOT NULL,
                  updated_at   TEXT NOT NULL
                ) STRICT;
                -- contents: {"packages":[ids],"files":{"path":version}}
                CREATE TABLE platform_revisions (
                  id         INTEGER PRIMARY KEY,
                  contents   TEXT NOT NULL,
                  reason     TEXT NOT NULL,
                  author_id  INTEGER NOT NULL,
                  author     TEXT NOT NULL,
                  created_at TEXT NOT NULL
                ) STRICT;
                CREATE TABLE platform_current_revision (
                  only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
                  revision_id INTEGER NOT NULL REFERENCES platform_revisions (id)
                ) STRICT;
                CREATE TRIGGER platform_script_versions_no_update BEFORE UPDATE ON platform_script_versions
                BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;
                CREATE TRIGGER platform_script_versions_no_delete BEFORE DELETE ON platform_script_versions
                BEGIN SELECT RAISE(ABORT, 'versions are never deleted'); END;
                """)
    ]
}
