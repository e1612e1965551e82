import Storage

/// The tables of people, roles, branches and credentials in a tenant's database.
enum IdentitySchema {
    static let branches = """
        CREATE TABLE platform_branches (
          id            INTEGER PRIMARY KEY,
          code          TEXT NOT NULL UNIQUE CHECK (length(code) BETWEEN 1 AND 20),
          name          TEXT NOT NULL,
          business_type TEXT NOT NULL,
          address       TEXT NOT NULL,
          phone         TEXT NOT NULL,
          email         TEXT NOT NULL,
          status        TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
          version       INTEGER NOT NULL DEFAULT 1,
          created_at    TEXT NOT NULL,
          updated_at    TEXT NOT NULL
        ) STRICT;
        CREATE TABLE platform_tills (
          id         INTEGER PRIMARY KEY,
          branch_id  INTEGER NOT NULL REFERENCES platform_branches (id),
          code       TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 20),
          name       TEXT NOT NULL,
          status     TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
          version    INTEGER NOT NULL DEFAULT 1,
          created_at TEXT NOT NULL,
          updated_at TEXT NOT NULL,
          UNIQUE (branch_id, code)
        ) STRICT;
        """

    static let users = """
        CREATE TABLE platform_users (
          id                   INTEGER PRIMARY KEY,
          username             TEXT NOT NULL UNIQUE CHECK (username = lower(username) AND length(username) BETWEEN 1 AND 64),
          name                 TEXT NOT NULL,
          email                TEXT UNIQUE CHECK (email = lower(email)),
          -- argon2id, libsodium's own text form; NULL until the first password is set
          password_hash        TEXT,
          status               TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
          -- 1: every branch, also those to come; 0: those in platform_branch_members
          all_branches         INTEGER NOT NULL CHECK (all_branches IN (0, 1)),
          must_change_password INTEGER NOT NULL DEFAULT 0 CHECK (must_change_password IN (0, 1)),
          -- sealed with the installation's key; asked for at log-in once it is confirmed
          totp_secret          BLOB,
          totp_confirmed       INTEGER NOT NULL DEFAULT 0 CHECK (totp_confirmed IN (0, 1)),
          -- the time step of the last code taken: a code works once
          totp_last_step       INTEGER NOT NULL DEFAULT 0,
          failed_attempts      INTEGER NOT NULL DEFAULT 0,
          locked_until         TEXT,
          last_login_at        TEXT,
          version              INTEGER NOT NULL DEFAULT 1,
          created_at           TEXT NOT NULL,
          updated_at           TEXT NOT NULL
        ) STRICT;
        CREATE TABLE platform_branch_members (
          branch_id INTEGER NOT NULL REFERENCES platform_branches (id),
          user_id   INTEGER NOT NULL REFERENCES platform_users (id),
          status    TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
          PRIMARY KEY (user_id, branch_id)
        ) STRICT, WITHOUT ROWID;
        """

    static let roles = """
        CREATE TABLE platform_roles (
          id          INTEGER PRIMARY KEY,
          name        TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
          title       TEXT NOT NULL,
          version     INTEGER NOT NULL DEFAULT 1,
          created_at  TEXT NOT NULL,
          updated_at  TEXT NOT NULL
        ) STRICT;
        CREATE TABLE platform_role_permissions (
          role_id    INTEGER NOT NULL REFERENCES platform_roles (id) ON DELETE CASCADE,
          permission TEXT NOT NULL,
          PRIMARY KEY (role_id, permission)
        ) STRICT, WITHOUT ROWID;
        -- What plugins offered to roles so far: an upgrade offers only what is new, and what an admin took away stays away.
        CREATE TABLE platform_role_offers (
          plugin     TEXT NOT NULL,
          role       TEXT NOT NULL,
          permission TEXT NOT NULL,
          PRIMARY KEY (plugin, role, permission)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE platform_user_roles (
          user_id INTEGER NOT NULL REFERENCES platform_users (id),
          role_id INTEGER NOT NULL REFERENCES platform_roles (id),
          PRIMARY KEY (user_id, role_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX platform_user_roles_role_idx ON platform_user_roles (role_id);
        -- One person's own grants (1) and denials (0); a denial wins over every role.
        CREATE TABLE platform_user_permissions (
          user_id    INTEGER NOT NULL REFERENCES platform_users (id),
          permission TEXT NOT NULL,
          granted    INTEGER NOT NULL CHECK (granted IN (0, 1)),
          PRIMARY KEY (user_id, permission)
        ) STRICT, WITHOUT ROWID;
        """

    static let credentials = """
        -- Secrets are never here, only their SHA-256.
        CREATE TABLE platform_tokens (
          id                  INTEGER PRIMARY KEY,
          hash                BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
          user_id             INTEGER NOT NULL REFERENCES platform_users (id),
          name                TEXT NOT NULL,
          -- a JSON array of permissions; the token may do what both it and its user may
          scopes              TEXT NOT NULL,
          requests_per_minute INTEGER CHECK (requests_per_minute > 0),
          created_at          TEXT NOT NULL,
          expires_at          TEXT NOT NULL,
          last_used_at        TEXT,
          revoked_at          TEXT
        ) STRICT;
        CREATE INDEX platform_tokens_user_idx ON platform_tokens (user_id);
        CREATE TABLE platform_sessions (
          id             INTEGER PRIMARY KEY,
          hash           BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
          user_id        INTEGER NOT NULL REFERENCES platform_users (id),
          -- 'full', or 'export': the read-only session at an inactive tenant
          purpose        TEXT NOT NULL CHECK (purpose IN ('full', 'export')),
          created_at     TEXT NOT NULL,
          last_seen_at   TEXT NOT NULL,
          expires_at     TEXT NOT NULL,
          remote_address TEXT NOT NULL
        ) STRICT;
        CREATE INDEX platform_sessions_user_idx ON platform_sessions (user_id);
        CREATE TABLE platform_one_time_links (
          id         INTEGER PRIMARY KEY,
          hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
          user_id    INTEGER NOT NULL REFERENCES platform_users (id),
          purpose    TEXT NOT NULL CHECK (purpose IN ('invitation', 'reset')),
          created_at TEXT NOT NULL,
          expires_at TEXT NOT NULL,
          used_at    TEXT
        ) STRICT;
        CREATE INDEX platform_one_time_links_user_idx ON platform_one_time_links (user_id);
        CREATE TABLE platform_recovery_codes (
          user_id INTEGER NOT NULL REFERENCES platform_users (id),
          hash    BLOB NOT NULL CHECK (length(hash) = 32),
          used_at TEXT,
          PRIMARY KEY (user_id, hash)
        ) STRICT, WITHOUT ROWID;
        """

    static let settings = """
        -- scope: 'tenant', 'branch:ID' or 'till:ID'; value: JSON
        CREATE TABLE platform_settings (
          scope      TEXT NOT NULL,
          key        TEXT NOT NULL,
          value      TEXT NOT NULL,
          updated_at TEXT NOT NULL,
          PRIMARY KEY (scope, key)
        ) STRICT, WITHOUT ROWID;
        """

    static let phones = "ALTER TABLE platform_users ADD COLUMN phone TEXT NOT NULL DEFAULT '';"

    /// The platform's tables in every tenant's database. Numbers below 20 of room "platform" belong here.
    static let migrations = [
        Migration(room: "platform", number: 1, name: "audit", sql: Audit.schema + Audit.refusalSchema),
        Migration(room: "platform", number: 2, name: "branches", sql: branches),
        Migration(room: "platform", number: 3, name: "users", sql: users),
        Migration(room: "platform", number: 4, name: "roles", sql: roles),
        Migration(room: "platform", number: 5, name: "credentials", sql: credentials),
        Migration(room: "platform", number: 6, name: "settings", sql: settings),
        Migration(room: "platform", number: 7, name: "idempotency", sql: Idempotency.schema),
        Migration(room: "platform", number: 8, name: "users' phones", sql: phones),
        Migration(room: "platform", number: 9, name: "permissions that include others", sql: PermissionIncludes.schema),
    ]
}
