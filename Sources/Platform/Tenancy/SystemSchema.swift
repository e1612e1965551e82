import Storage

/// The tables of `system.db`: what is known about tenants without opening them.
enum SystemSchema {
    static let tenants = """
        CREATE TABLE tenants (
          id                INTEGER PRIMARY KEY,
          name              TEXT NOT NULL,
          domain            TEXT NOT NULL UNIQUE,
          status            TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
          subscription_tier TEXT NOT NULL,
          currency          TEXT NOT NULL,
          country           TEXT NOT NULL,
          time_zone         TEXT NOT NULL,
          locale            TEXT NOT NULL,
          created_at        TEXT NOT NULL,
          updated_at        TEXT NOT NULL,
          -- set when the tenant became inactive, and until when its director may still read it
          inactive_since    TEXT,
          export_until      TEXT
        ) STRICT;
        CREATE INDEX tenants_status_idx ON tenants (status);
        -- Every host name that leads to a tenant, its main domain among them.
        CREATE TABLE domains (
          domain    TEXT PRIMARY KEY CHECK (domain = lower(domain)),
          tenant_id INTEGER NOT NULL REFERENCES tenants (id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX domains_tenant_idx ON domains (tenant_id);
        -- A tenant that is being made. A row that is still here at start is swept away with its folder. Ids come from here
        -- and are never given twice.
        CREATE TABLE tenant_creations (
          id         INTEGER PRIMARY KEY AUTOINCREMENT,
          domain     TEXT NOT NULL UNIQUE,
          started_at TEXT NOT NULL
        ) STRICT;
        -- What remains of a deleted tenant.
        CREATE TABLE tombstones (
          tenant_id      INTEGER PRIMARY KEY,
          name           TEXT NOT NULL,
          domain         TEXT NOT NULL,
          reason         TEXT NOT NULL,
          -- SHA-256 of the encrypted archive, in hex; empty when none was kept
          archive_sha256 TEXT NOT NULL,
          deleted_at     TEXT NOT NULL,
          domain_rests_until TEXT NOT NULL
        ) STRICT;
        CREATE INDEX tombstones_domain_idx ON tombstones (domain);
        """

    static let operations = """
        CREATE TABLE operators (
          id           INTEGER PRIMARY KEY,
          name         TEXT NOT NULL,
          hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
          created_at   TEXT NOT NULL,
          expires_at   TEXT NOT NULL,
          revoked_at   TEXT
        ) STRICT;
        CREATE TABLE settings (
          key        TEXT PRIMARY KEY,
          value      TEXT NOT NULL,
          updated_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        -- The backups that were made: tenant_id is NULL for system.db itself.
        CREATE TABLE backups (
          id          INTEGER PRIMARY KEY,
          tenant_id   INTEGER,
          tier        TEXT NOT NULL,
          path        TEXT NOT NULL,
          place       TEXT NOT NULL,
          size        INTEGER NOT NULL CHECK (size >= 0),
          sha256      TEXT NOT NULL,
          created_at  TEXT NOT NULL,
          verified_at TEXT
        ) STRICT;
        CREATE INDEX backups_tenant_idx ON backups (tenant_id, created_at);
        """

    static let wakes = """
        -- When something is due next at a tenant, as of when its database was closed; NULL for never. files: how the database
        -- looked then; if it looks otherwise, the tenant is asked.
        CREATE TABLE tenant_wakes (
          tenant_id INTEGER PRIMARY KEY,
          wake_at   TEXT,
          files     TEXT NOT NULL
        ) STRICT;
        """

    static let sandboxes = """
        -- Said when a tenant is made, and true for its life: nobody's business, but a place to try things out.
        ALTER TABLE tenants ADD COLUMN is_sandbox INTEGER NOT NULL DEFAULT 0 CHECK (is_sandbox IN (0, 1));
        """

    static let recovery = """
        -- By then the moment of which the copy is had come; NULL for copies from before this was kept.
        ALTER TABLE backups ADD COLUMN snapshot_at TEXT;
        -- Restores that were done to see whether and how fast they can be.
        CREATE TABLE recovery_drills (
          id               INTEGER PRIMARY KEY,
          tenant_id        INTEGER NOT NULL,
          domain           TEXT    NOT NULL,
          started_at       TEXT    NOT NULL,
          ok               INTEGER NOT NULL CHECK (ok IN (0, 1)),
          bytes            INTEGER NOT NULL,
          recovery_seconds TEXT    NOT NULL,
          loss_seconds     INTEGER NOT NULL,
          report           TEXT    NOT NULL
        ) STRICT;
        """

    static let migrations = [
        Migration(room: "system", number: 1, name: "tenants", sql: tenants),
        Migration(room: "system", number: 2, name: "operations", sql: operations),
        Migration(room: "system", number: 3, name: "audit", sql: Audit.schema),
        Migration(room: "system", number: 4, name: "wakes", sql: wakes),
        Migration(room: "system", number: 5, name: "sandboxes", sql: sandboxes),
        Migration(room: "recovery", number: 1, name: "moments of backups, drills", sql: recovery),
    ] + AlertSchema.migrations + MaintenanceSchema.migrations
}
