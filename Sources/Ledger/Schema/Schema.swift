import Storage

/// The tables of the ledger. What may never change is kept so by triggers; `LedgerTables` says which tables those are.
enum Schema {
    static let migrations = [
        Migration(room: "ledger", number: 1, name: "accounts and balances", sql: accounts),
        Migration(room: "ledger", number: 2, name: "entries and events", sql: entries),
        Migration(room: "ledger", number: 3, name: "holds", sql: holds),
        Migration(room: "ledger", number: 4, name: "periods and checkpoints", sql: periods),
        Migration(room: "ledger", number: 5, name: "number series", sql: series),
        Migration(room: "ledger", number: 6, name: "reconciliation", sql: reconciliation),
    ]

    private static let accounts = """
        -- One row: what ties the chain to this book, and how far ledger_days reaches.
        CREATE TABLE ledger_books (
          id                INTEGER PRIMARY KEY CHECK (id = 1),
          book              BLOB    NOT NULL CHECK (length(book) = 16),
          folded_through_id INTEGER NOT NULL CHECK (folded_through_id >= 0)
        ) STRICT;
        INSERT INTO ledger_books VALUES (1, randomblob(16), 0);

        -- The present state of each account; the events are what is authoritative.
        CREATE TABLE ledger_accounts (
          id              INTEGER PRIMARY KEY,
          code            TEXT    NOT NULL UNIQUE,
          name            TEXT    NOT NULL,
          name_salt       BLOB,   -- null once the name was erased
          kind            TEXT    NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'revenue', 'expense')),
          normal_side     TEXT    NOT NULL CHECK (normal_side IN ('debit', 'credit')),
          currency        TEXT    NOT NULL CHECK (length(currency) BETWEEN 3 AND 8),
          exponent        INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 6),
          parent_id       INTEGER REFERENCES ledger_accounts (id),
          is_control      INTEGER NOT NULL CHECK (is_control IN (0, 1)),
          overdraft_minor INTEGER CHECK (overdraft_minor >= 0),  -- null: no limit
          state           TEXT    NOT NULL
            CHECK (state IN ('open', 'debit_frozen', 'credit_frozen', 'frozen', 'closed')),
          opened_on       TEXT    -- null: from the beginning
        ) STRICT;
        CREATE INDEX ledger_accounts_parent_id_idx ON ledger_accounts (parent_id) WHERE parent_id IS NOT NULL;

        -- A projection: `verify` folds the lines and hold events and compares.
        CREATE TABLE ledger_balances (
          account_id            INTEGER PRIMARY KEY REFERENCES ledger_accounts (id),
          posted_debits_minor   INTEGER NOT NULL CHECK (posted_debits_minor >= 0),
          posted_credits_minor  INTEGER NOT NULL CHECK (posted_credits_minor >= 0),
          pending_debits_minor  INTEGER NOT NULL CHECK (pending_debits_minor >= 0),
          pending_credits_minor INTEGER NOT NULL CHECK (pending_credits_minor >= 0),
          version               INTEGER NOT NULL,
          last_entry_id         INTEGER
        ) STRICT;
        """

    private static let entries = """
        -- The id is the entry number: 1, 2, 3 … without a gap.
        CREATE TABLE ledger_entries (
          id              INTEGER PRIMARY KEY,
          kind            TEXT    NOT NULL,
          effective_on    TEXT    NOT NULL,
          recorded_at     TEXT    NOT NULL,
          source_type     TEXT,
          source_id       INTEGER,
          actor_id        INTEGER NOT NULL,
          actor           TEXT    NOT NULL,
          rules_version   TEXT,
          reverses_id     INTEGER REFERENCES ledger_entries (id),
          corrects_id     INTEGER REFERENCES ledger_entries (id),
          hold_id         INTEGER,
          exception_id    INTEGER,
          idempotency_key TEXT,
          memo_digest     BLOB    CHECK (length(memo_digest) = 32),
          digest          BLOB    NOT NULL CHECK (length(digest) = 32),
          CHECK ((source_type IS NULL) = (source_id IS NULL))
        ) STRICT;
        CREATE INDEX ledger_entries_effective_on_idx ON ledger_entries (effective_on);
        CREATE INDEX ledger_entries_source_idx ON ledger_entries (source_type, source_id)
          WHERE source_type IS NOT NULL;
        CREATE UNIQUE INDEX ledger_entries_reverses_id_idx ON ledger_entries (reverses_id)
          WHERE reverses_id IS NOT NULL;
        CREATE INDEX ledger_entries_corrects_id_idx ON ledger_entries (corrects_id) WHERE corrects_id IS NOT NULL;
        CREATE UNIQUE INDEX ledger_entries_idempotency_key_idx ON ledger_entries (idempotency_key)
          WHERE idempotency_key IS NOT NULL;

        -- Dates lead the index, so that posting touches the pages of today however long the history is.
        CREATE TABLE ledger_lines (
          entry_id     INTEGER NOT NULL REFERENCES ledger_entries (id),
          line_number  INTEGER NOT NULL CHECK (line_number BETWEEN 1 AND 4095),
          account_id   INTEGER NOT NULL REFERENCES ledger_accounts (id),
          effective_on TEXT    NOT NULL,
          debit_minor  INTEGER NOT NULL CHECK (debit_minor >= 0),
          credit_minor INTEGER NOT NULL CHECK (credit_minor >= 0),
          branch_id    INTEGER,
          dimensions   TEXT,
          PRIMARY KEY (entry_id, line_number),
          CHECK ((debit_minor = 0) <> (credit_minor = 0))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ledger_lines_effective_on_account_id_idx ON ledger_lines (effective_on, account_id);

        -- What may name a person lies beside the entry, bound to it by a salted digest, so that it can be erased.
        CREATE TABLE ledger_memos (
          entry_id INTEGER PRIMARY KEY REFERENCES ledger_entries (id),
          salt     BLOB NOT NULL CHECK (length(salt) = 16),
          memo     TEXT NOT NULL
        ) STRICT;

        -- Everything but entries that the chain covers; each stands after the entry it names.
        CREATE TABLE ledger_events (
          id             INTEGER PRIMARY KEY,
          after_entry_id INTEGER NOT NULL,
          kind           TEXT    NOT NULL,
          subject_id     INTEGER NOT NULL,
          payload        TEXT    NOT NULL,
          actor_id       INTEGER NOT NULL,
          actor          TEXT    NOT NULL,
          reason         TEXT,
          recorded_at    TEXT    NOT NULL,
          digest         BLOB    NOT NULL CHECK (length(digest) = 32)
        ) STRICT;

        -- Sums per day and account of all entries up to ledger_books.folded_through_id.
        CREATE TABLE ledger_days (
          effective_on TEXT    NOT NULL,
          account_id   INTEGER NOT NULL REFERENCES ledger_accounts (id),
          debit_minor  INTEGER NOT NULL CHECK (debit_minor >= 0),
          credit_minor INTEGER NOT NULL CHECK (credit_minor >= 0),
          PRIMARY KEY (effective_on, account_id)
        ) STRICT, WITHOUT ROWID;

        -- All movements ever, cheaply: whole days where they are folded, lines where they are not yet.
        CREATE VIEW ledger_movements (effective_on, account_id, debit_minor, credit_minor) AS
          SELECT effective_on, account_id, debit_minor, credit_minor FROM ledger_days
          UNION ALL
          SELECT +effective_on, +account_id, debit_minor, credit_minor FROM ledger_lines  -- +: by number, not by date
          WHERE entry_id > (SELECT folded_through_id FROM ledger_books);

        \(LedgerTables.appendOnlyTriggers("ledger_entries"))
        \(LedgerTables.appendOnlyTriggers("ledger_lines"))
        \(LedgerTables.appendOnlyTriggers("ledger_events"))
        CREATE TRIGGER ledger_memos_update BEFORE UPDATE ON ledger_memos
          BEGIN SELECT RAISE(ABORT, 'ledger_memos may be erased, not changed'); END;
        CREATE TRIGGER ledger_books_update BEFORE UPDATE OF id, book ON ledger_books
          BEGIN SELECT RAISE(ABORT, 'ledger_books is never changed'); END;
        CREATE TRIGGER ledger_books_delete BEFORE DELETE ON ledger_books
          BEGIN SELECT RAISE(ABORT, 'ledger_books is never changed'); END;
        """

    private static let holds = """
        CREATE TABLE ledger_holds (
          id           INTEGER PRIMARY KEY,
          kind         TEXT NOT NULL,
          state        TEXT NOT NULL CHECK (state IN ('held', 'partly_captured', 'captured', 'voided', 'expired')),
          effective_on TEXT NOT NULL,
          expires_at   TEXT,
          source_type  TEXT,
          source_id    INTEGER,
          CHECK ((source_type IS NULL) = (source_id IS NULL))
        ) STRICT;
        CREATE INDEX ledger_holds_expires_at_idx ON ledger_holds (expires_at)
          WHERE state IN ('held', 'partly_captured');
        CREATE INDEX ledger_holds_source_idx ON ledger_holds (source_type, source_id) WHERE source_type IS NOT NULL;

        CREATE TABLE ledger_hold_lines (
          hold_id        INTEGER NOT NULL REFERENCES ledger_holds (id),
          line_number    INTEGER NOT NULL CHECK (line_number BETWEEN 1 AND 4095),
          account_id     INTEGER NOT NULL REFERENCES ledger_accounts (id),
          debit_minor    INTEGER NOT NULL CHECK (debit_minor >= 0),
          credit_minor   INTEGER NOT NULL CHECK (credit_minor >= 0),
          captured_minor INTEGER NOT NULL CHECK (captured_minor BETWEEN 0 AND debit_minor + credit_minor),
          released_minor INTEGER NOT NULL CHECK (released_minor BETWEEN 0 AND debit_minor + credit_minor),
          branch_id      INTEGER,
          dimensions     TEXT,
          PRIMARY KEY (hold_id, line_number),
          CHECK ((debit_minor = 0) <> (credit_minor = 0))
        ) STRICT, WITHOUT ROWID;
        """

    private static let periods = """
        CREATE TABLE ledger_periods (
          month      TEXT PRIMARY KEY CHECK (length(month) = 7),
          state      TEXT NOT NULL CHECK (state IN ('open', 'closed', 'locked')),
          changed_at TEXT NOT NULL,
          actor_id   INTEGER NOT NULL,
          reason     TEXT
        ) STRICT, WITHOUT ROWID;

        -- Who may post into a closed month, and until when.
        CREATE TABLE ledger_period_exceptions (
          id       INTEGER PRIMARY KEY,
          month    TEXT    NOT NULL REFERENCES ledger_periods (month),
          actor_id INTEGER NOT NULL,
          from_at  TEXT    NOT NULL,
          until_at TEXT    NOT NULL CHECK (until_at > from_at),
          reason   TEXT    NOT NULL
        ) STRICT;
        CREATE INDEX ledger_period_exceptions_month_idx ON ledger_period_exceptions (month);

        -- The trial balance at the end of each locked month: all movements up to its last day.
        CREATE TABLE ledger_period_balances (
          month        TEXT    NOT NULL REFERENCES ledger_periods (month),
          account_id   INTEGER NOT NULL REFERENCES ledger_accounts (id),
          debit_minor  INTEGER NOT NULL CHECK (debit_minor >= 0),
          credit_minor INTEGER NOT NULL CHECK (credit_minor >= 0),
          PRIMARY KEY (month, account_id)
        ) STRICT, WITHOUT ROWID;
        \(LedgerTables.appendOnlyTriggers("ledger_period_balances"))

        CREATE TABLE ledger_checkpoints (
          id          INTEGER PRIMARY KEY,
          entry_id    INTEGER NOT NULL,
          event_id    INTEGER NOT NULL,
          head        BLOB    NOT NULL CHECK (length(head) = 32),
          taken_at    TEXT    NOT NULL,
          signer      BLOB    NOT NULL CHECK (length(signer) = 32),
          signature   BLOB    NOT NULL CHECK (length(signature) = 64)
        ) STRICT;
        \(LedgerTables.appendOnlyTriggers("ledger_checkpoints"))
        """

    private static let series = """
        CREATE TABLE ledger_series (
          id          INTEGER PRIMARY KEY,
          name        TEXT    NOT NULL UNIQUE,
          format      TEXT    NOT NULL,
          reset       TEXT    NOT NULL CHECK (reset IN ('never', 'year', 'month', 'day')),
          is_branched INTEGER NOT NULL CHECK (is_branched IN (0, 1)),
          is_dated    INTEGER NOT NULL CHECK (is_dated IN (0, 1)),
          first       INTEGER NOT NULL CHECK (first >= 0)
        ) STRICT;

        -- The numbers of a segment run from first to next - 1 without a gap.
        CREATE TABLE ledger_series_segments (
          id         INTEGER PRIMARY KEY,
          series_id  INTEGER NOT NULL REFERENCES ledger_series (id),
          branch_id  INTEGER NOT NULL,  -- 0: the series has no branches
          period     TEXT    NOT NULL,  -- "", "2026", "2026-01" or "2026-01-05", as the series resets
          format     TEXT    NOT NULL,
          first      INTEGER NOT NULL CHECK (first >= 0),
          next       INTEGER NOT NULL CHECK (next >= first),
          last_on    TEXT,
          is_open    INTEGER NOT NULL CHECK (is_open IN (0, 1))
        ) STRICT;
        CREATE UNIQUE INDEX ledger_series_segments_open_idx ON ledger_series_segments (series_id, branch_id, period)
          WHERE is_open = 1;
        """
}
