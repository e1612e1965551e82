"""Checks the books of a business as README.md beside it describes them, sharing no code with the kernel.

    verify.py FILE…      each a tenant.db, best a copy; ends with 0 if all are in order, with 1 if not
"""
import hashlib
import json
import sqlite3
import sys
from collections import defaultdict


class Bytes:
    """Canonical bytes."""

    def __init__(self, leaf):
        self.parts = []
        self.text("kontor.ledger." + leaf).byte(1)

    def byte(self, value):
        self.parts.append(bytes([value]))
        return self

    def int(self, value):
        self.parts.append(value.to_bytes(8, "big", signed=True))
        return self

    def blob(self, value):
        self.parts.append(len(value).to_bytes(4, "big") + value)
        return self

    def text(self, value):
        return self.blob(value.encode("utf-8"))

    def maybe(self, kind, value):
        self.byte(0 if value is None else 1)
        return self if value is None else getattr(self, kind)(value)

    def digest(self):
        return hashlib.sha256(b"".join(self.parts)).digest()


def private(text, salt):
    return Bytes("private").blob(salt).text(text).digest()


class Books:
    def __init__(self, path):
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.db.row_factory = sqlite3.Row
        self.problems = []
        self.lines = defaultdict(list)
        self.dates = {}
        self.counts = [0, 0]
        self.head = b""

    def rows(self, sql, *values):
        return self.db.execute(sql, values)

    def wrong(self, place, what):
        self.problems.append(f"{place}: {what}")

    def same(self, place, found, wanted):
        if found != wanted:
            self.wrong(place, f"is {found}, and should be {wanted}")

    def verify(self):
        self.db.execute("BEGIN")
        for line in self.rows("SELECT * FROM ledger_lines ORDER BY entry_id, line_number"):
            self.lines[line["entry_id"]].append(line)
        self.chain()
        self.entries()
        self.sums()
        self.numbers()
        self.statements()
        return self.problems

    # The chain

    def chain(self):
        book = self.rows("SELECT book FROM ledger_books").fetchone()["book"]
        head = Bytes("genesis").blob(book).digest()
        heads = {(0, 0): head}
        entries = self.rows("SELECT * FROM ledger_entries ORDER BY id").fetchall()
        events = self.rows("SELECT * FROM ledger_events ORDER BY id").fetchall()
        order = sorted([(e["id"], 0, 0, e) for e in entries] + [(e["after_entry_id"], 1, e["id"], e) for e in events], key=lambda o: o[:3])
        entry = event = 0
        last = ""
        for _, is_event, _, row in order:
            if is_event:
                place, event = f"event {row['id']}", event + 1
                self.same(place + " number", row["id"], event)
                self.same(place + " after entry", row["after_entry_id"], entry)
                leaf = Bytes("event").blob(head).int(row["id"]).int(row["after_entry_id"]).text(row["kind"]).int(row["subject_id"])
                leaf.text(row["payload"]).int(row["actor_id"]).text(row["actor"]).maybe("text", row["reason"]).text(row["recorded_at"])
            else:
                place, entry = f"entry {row['id']}", entry + 1
                self.same(place + " number", row["id"], entry)
                leaf = self.entry_leaf(row, head)
            if row["recorded_at"] < last:
                self.wrong(place, f"recorded at {row['recorded_at']}, after a leaf of {last}")
            last = row["recorded_at"]
            if leaf.digest() != row["digest"]:
                self.wrong(place, "its digest is not that of its fields and of what came before")
            head = row["digest"]
            heads[(entry, event)] = head
        for point in self.rows("SELECT * FROM ledger_checkpoints"):
            if heads.get((point["entry_id"], point["event_id"])) != point["head"]:
                self.wrong(f"checkpoint at entry {point['entry_id']}", "the chain had another head when it was signed")
        self.counts = [entry, event]
        self.head = head

    def entry_leaf(self, row, head):
        leaf = Bytes("entry").blob(head).int(row["id"]).text(row["recorded_at"]).text(row["kind"]).text(row["effective_on"])
        leaf.maybe("text", row["source_type"]).maybe("int", row["source_id"]).int(row["actor_id"]).text(row["actor"])
        leaf.maybe("text", row["rules_version"])
        for column in ("reverses_id", "corrects_id", "hold_id", "exception_id"):
            leaf.maybe("int", row[column])
        leaf.maybe("text", row["idempotency_key"]).maybe("blob", row["memo_digest"])
        lines = self.lines[row["id"]]
        leaf.int(len(lines))
        for line in lines:
            leaf.int(line["account_id"]).int(line["debit_minor"]).int(line["credit_minor"])
            leaf.maybe("int", line["branch_id"]).maybe("text", line["dimensions"])
        return leaf

    # Entries

    def entries(self):
        currencies = {a["id"]: a["currency"] for a in self.rows("SELECT id, currency FROM ledger_accounts")}
        erased = {e["subject_id"] for e in self.rows("SELECT subject_id FROM ledger_events WHERE kind = 'memo.erased'")}
        memos = {m["entry_id"]: m for m in self.rows("SELECT * FROM ledger_memos")}
        known = set()
        for entry in self.rows("SELECT id, effective_on, memo_digest FROM ledger_entries"):
            place = f"entry {entry['id']}"
            known.add(entry["id"])
            lines = self.lines[entry["id"]]
            self.same(place + " lines", [line["line_number"] for line in lines], list(range(1, len(lines) + 1)))
            if len(lines) < 2:
                self.wrong(place, f"has {len(lines)} lines")
            differences = defaultdict(int)
            for line in lines:
                if line["account_id"] not in currencies:
                    self.wrong(place, "names an account that is not there")
                self.same(place + " date of a line", line["effective_on"], entry["effective_on"])
                differences[currencies.get(line["account_id"])] += line["debit_minor"] - line["credit_minor"]
            for currency, difference in differences.items():
                if difference:
                    self.wrong(place, f"debits and credits differ by {difference} {currency}")
            memo = memos.pop(entry["id"], None)
            if memo and private(memo["memo"], memo["salt"]) != entry["memo_digest"]:
                self.wrong(place, "its memo is not the one that it is bound to")
            if not memo and entry["memo_digest"] and entry["id"] not in erased:
                self.wrong(place, "its memo is missing, and nobody erased it")
        for stray in sorted(set(memos) | (set(number for number in self.lines if self.lines[number]) - known)):
            self.wrong(f"entry {stray}", "is not there, and a memo or line names it")

    # Sums

    def sums(self):
        posted, days = defaultdict(lambda: [0, 0]), defaultdict(lambda: [0, 0])
        folded = self.rows("SELECT folded_through_id FROM ledger_books").fetchone()[0]
        for lines in self.lines.values():
            for line in lines:
                for sums, key in ((posted, line["account_id"]), (days, (line["effective_on"], line["account_id"]))):
                    if sums is posted or line["entry_id"] <= folded:
                        sums[key][0] += line["debit_minor"]
                        sums[key][1] += line["credit_minor"]
        pending = defaultdict(lambda: [0, 0])
        for line in self.rows("SELECT * FROM ledger_hold_lines"):
            side = 0 if line["debit_minor"] else 1
            pending[line["account_id"]][side] += line["debit_minor"] + line["credit_minor"] - line["captured_minor"] - line["released_minor"]
        for row in self.rows("SELECT * FROM ledger_balances"):
            place = f"ledger_balances {row['account_id']}"
            self.same(place + " posted", [row["posted_debits_minor"], row["posted_credits_minor"]], posted.pop(row["account_id"], [0, 0]))
            self.same(place + " pending", [row["pending_debits_minor"], row["pending_credits_minor"]], pending.pop(row["account_id"], [0, 0]))
        for account in sorted(set(posted) | set(pending)):
            self.wrong(f"ledger_balances {account}", "the row is missing")
        for row in self.rows("SELECT * FROM ledger_days"):
            key = (row["effective_on"], row["account_id"])
            self.same(f"ledger_days {key[0]} {key[1]}", [row["debit_minor"], row["credit_minor"]], days.pop(key, None))
        for day, account in sorted(days):
            self.wrong(f"ledger_days {day} {account}", "the row is missing")
        self.locked()

    def locked(self):
        for period in self.rows("SELECT month FROM ledger_periods WHERE state = 'locked'").fetchall():
            sums = defaultdict(lambda: [0, 0])
            for lines in self.lines.values():
                for line in lines:
                    if line["effective_on"][:7] <= period["month"]:
                        sums[line["account_id"]][0] += line["debit_minor"]
                        sums[line["account_id"]][1] += line["credit_minor"]
            for row in self.rows("SELECT * FROM ledger_period_balances WHERE month = ?", period["month"]):
                place = f"ledger_period_balances {period['month']} {row['account_id']}"
                self.same(place, [row["debit_minor"], row["credit_minor"]], sums.pop(row["account_id"], None))
            for account in sorted(sums):
                self.wrong(f"ledger_period_balances {period['month']} {account}", "the row is missing")

    # Numbers

    def numbers(self):
        taken = defaultdict(list)
        for event in self.rows("SELECT subject_id, payload FROM ledger_events WHERE kind = 'series.number_taken' ORDER BY id"):
            taken[event["subject_id"]].append(json.loads(event["payload"]).get("number"))
        for segment in self.rows("SELECT id, first, next FROM ledger_series_segments"):
            numbers = taken.pop(segment["id"], [])
            if numbers != list(range(segment["first"], segment["first"] + len(numbers))) or segment["first"] + len(numbers) != segment["next"]:
                self.wrong(f"ledger_series_segments {segment['id']}", f"numbers {numbers[:5]}… do not run from {segment['first']} to {segment['next'] - 1}")
        for segment in sorted(taken):
            self.wrong(f"ledger_series_segments {segment}", "the row is missing")

    # Statements and matches

    def statements(self):
        lines = defaultdict(list)
        amounts = {}
        for line in self.rows("SELECT * FROM ledger_statement_lines ORDER BY id"):
            lines[line["import_id"]].append(line)
            amounts[line["id"]] = line["amount_minor"]
            text = f"{len(line['reference'].encode())}:{line['reference']}{line['details']}"
            if private(text, line["salt"]) != line["text_digest"]:
                self.wrong(f"ledger_statement_lines {line['id']}", "its reference or details are not those that were imported")
        for event in self.rows("SELECT subject_id, payload FROM ledger_events WHERE kind = 'reconciliation.statement_imported'"):
            leaf = Bytes("")
            leaf.parts = []
            for line in lines.pop(event["subject_id"], []):
                leaf.int(line["id"]).text(line["external_id"]).text(line["booked_on"]).int(line["amount_minor"])
                leaf.maybe("int", line["balance_minor"]).blob(line["text_digest"])
            self.same(f"ledger_statement_imports {event['subject_id']} digest", leaf.digest().hex(), json.loads(event["payload"]).get("digest"))
        for stray in sorted(lines):
            self.wrong(f"ledger_statement_imports {stray}", "no event took its lines")
        signs = {s["id"]: 1 if s["normal_side"] == "debit" else -1 for s in self.rows(
            "SELECT s.id, a.normal_side FROM ledger_reconciliation_sources s JOIN ledger_accounts a ON a.id = s.account_id")}
        for match in self.rows("SELECT id, source_id FROM ledger_matches").fetchall():
            statement = sum(amounts.get(row[0], 0) for row in self.rows(
                "SELECT statement_line_id FROM ledger_match_statement_lines WHERE match_id = ?", match["id"]))
            pairs = self.rows("SELECT entry_id, line_number FROM ledger_match_entry_lines WHERE match_id = ?", match["id"]).fetchall()
            entries = sum(line["debit_minor"] - line["credit_minor"] for pair in pairs for line in self.lines[pair["entry_id"]]
                          if line["line_number"] == pair["line_number"])
            self.same(f"ledger_matches {match['id']} entries", signs.get(match["source_id"], 0) * entries, statement)


if __name__ == "__main__":
    failed = False
    for path in sys.argv[1:]:
        books = Books(path)
        problems = books.verify()
        failed = failed or bool(problems)
        print(f"{path}: {books.counts[0]} entries, {books.counts[1]} events, head {books.head.hex()}")
        for problem in problems:
            print(f"  {problem}")
    sys.exit(1 if failed else 0)
