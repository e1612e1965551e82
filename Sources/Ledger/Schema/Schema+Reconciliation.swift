extension Schema {
    /// What banks and operators say about accounts, and how it was compared. Each change is an event; `verify` makes the
    /// tables again from those, but for the lines of statements, whose digest is in the event.
    static let reconciliation = """
        CREATE TABLE ledger_reconciliation_sources (
          id            INTEGER PRIMARY KEY,
          name          TEXT    NOT NULL UNIQUE,
          account_id    INTEGER NOT NULL UNIQUE REFERENCES ledger_accounts (id),
          from_on       TEXT    NOT NULL,
          opening_minor INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE ledger_statement_imports (
          id          INTEGER PRIMARY KEY,
          source_id   INTEGER NOT NULL REFERENCES ledger_reconciliation_sources (id),
          line_count  INTEGER NOT NULL CHECK (line_count > 0),
          imported_at TEXT    NOT NULL,
          actor_id    INTEGER NOT NULL
        ) STRICT;

        -- In each source, in the order of ids, dates do not fall.
        CREATE TABLE ledger_statement_lines (
          id            INTEGER PRIMARY KEY,
          import_id     INTEGER NOT NULL REFERENCES ledger_statement_imports (id),
          source_id     INTEGER NOT NULL REFERENCES ledger_reconciliation_sources (id),
          external_id   TEXT    NOT NULL,
          booked_on     TEXT    NOT NULL,
          amount_minor  INTEGER NOT NULL CHECK (amount_minor <> 0),  -- positive on the account's normal side
          balance_minor INTEGER,
          reference     TEXT    NOT NULL,
          details       TEXT    NOT NULL,
          salt          BLOB    NOT NULL CHECK (length(salt) = 16),
          text_digest   BLOB    NOT NULL CHECK (length(text_digest) = 32)
        ) STRICT;
        CREATE UNIQUE INDEX ledger_statement_lines_external_id_idx ON ledger_statement_lines (source_id, external_id);
        CREATE INDEX ledger_statement_lines_booked_on_idx ON ledger_statement_lines (source_id, booked_on);
        CREATE INDEX ledger_statement_lines_import_id_idx ON ledger_statement_lines (import_id);

        -- A match that was taken back stays, and counts no more.
        CREATE TABLE ledger_matches (
          id         INTEGER PRIMARY KEY,
          source_id  INTEGER NOT NULL REFERENCES ledger_reconciliation_sources (id),
          kind       TEXT    NOT NULL CHECK (kind IN ('reference', 'amount', 'day', 'manual')),
          through_on TEXT    NOT NULL,
          is_active  INTEGER NOT NULL CHECK (is_active IN (0, 1))
        ) STRICT;
        CREATE INDEX ledger_matches_source_id_idx ON ledger_matches (source_id);

        CREATE TABLE ledger_match_statement_lines (
          match_id          INTEGER NOT NULL REFERENCES ledger_matches (id),
          statement_line_id INTEGER NOT NULL REFERENCES ledger_statement_lines (id),
          is_active         INTEGER NOT NULL CHECK (is_active IN (0, 1)),
          PRIMARY KEY (match_id, statement_line_id)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX ledger_match_statement_lines_active_idx ON ledger_match_statement_lines (statement_line_id)
          WHERE is_active = 1;

        CREATE TABLE ledger_match_entry_lines (
          match_id    INTEGER NOT NULL REFERENCES ledger_matches (id),
          entry_id    INTEGER NOT NULL,
          line_number INTEGER NOT NULL,
          is_active   INTEGER NOT NULL CHECK (is_active IN (0, 1)),
          PRIMARY KEY (match_id, entry_id, line_number),
          FOREIGN KEY (entry_id, line_number) REFERENCES ledger_lines (entry_id, line_number)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX ledger_match_entry_lines_active_idx ON ledger_match_entry_lines (entry_id, line_number)
          WHERE is_active = 1;

        CREATE TABLE ledger_reconciliations (
          id                    INTEGER PRIMARY KEY,
          source_id             INTEGER NOT NULL REFERENCES ledger_reconciliation_sources (id),
          as_of                 TEXT    NOT NULL,
          statement_minor       INTEGER NOT NULL,
          book_minor            INTEGER NOT NULL,
          unmatched_minor       INTEGER NOT NULL,  -- in the books, on no statement by that day
          known_entry_id        INTEGER NOT NULL,
          closed_at             TEXT    NOT NULL,
          actor_id              INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX ledger_reconciliations_source_id_idx ON ledger_reconciliations (source_id, as_of);

        \(LedgerTables.appendOnlyTriggers("ledger_reconciliation_sources"))
        \(LedgerTables.appendOnlyTriggers("ledger_statement_imports"))
        \(LedgerTables.appendOnlyTriggers("ledger_statement_lines"))
        \(LedgerTables.appendOnlyTriggers("ledger_reconciliations"))
        CREATE TRIGGER ledger_matches_update BEFORE UPDATE ON ledger_matches WHEN NOT (
            new.id = old.id AND new.source_id = old.source_id AND new.kind = old.kind AND new.through_on = old.through_on
            AND new.is_active < old.is_active)
          BEGIN SELECT RAISE(ABORT, 'ledger_matches may be taken back, not changed'); END;
        CREATE TRIGGER ledger_matches_delete BEFORE DELETE ON ledger_matches
          BEGIN SELECT RAISE(ABORT, 'ledger_matches is never emptied'); END;
        """
}
