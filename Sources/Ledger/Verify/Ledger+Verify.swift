import Core
import Storage

extension Ledger {
    private static let selectBook = SQL("SELECT book, folded_through_id FROM ledger_books WHERE id = 1")
    private static let selectTotals = SQL(
        """
        SELECT a.currency, b.posted_debits_minor, b.posted_credits_minor, b.pending_debits_minor, b.pending_credits_minor
        FROM ledger_balances b JOIN ledger_accounts a ON a.id = b.account_id
        """)

    /// Checks the books without trusting anything in them.
    ///
    /// Full: every digest, every rule, and every table that is made from entries and events is made again and compared.
    /// Otherwise: the digests since the last checkpoint, and the totals. Reads only; run it on a copy or a reader, in one
    /// read transaction.
    ///
    /// - Parameter progress: called now and then with the entries done.
    package func verify(full: Bool = true, progress: ((Int64) -> Void)? = nil) throws -> VerifyReport {
        guard let (book, folded) = try db.first(Self.selectBook, row: { ($0.bytes(0), $0.int(1)) }) else {
            throw LedgerError.damaged("ledger_books is empty")
        }
        let replay = Replay(db, folded: folded)
        var checkpoints: [Checkpoint] = []
        do { checkpoints = try self.checkpoints() } catch {
            replay.problem(.checkpoint, "ledger_checkpoints", "A row does not read as a checkpoint.")
        }
        var start = ChainWalk.Position()
        var head = Leaf.genesis(book: book)
        if !full, let last = checkpoints.last {
            start = ChainWalk.Position(entry: last.entry, event: last.event)
            head = last.head
            if try self.head(at: last) != head {
                replay.problem(.checkpoint, "checkpoint at entry \(last.entry)", "The chain does not come by there.")
            }
        }
        var expected: [ChainWalk.Position: [Checkpoint]] = [:]
        for checkpoint in checkpoints {
            let position = ChainWalk.Position(entry: checkpoint.entry, event: checkpoint.event)
            expected[position, default: []].append(checkpoint)
            if checkpoint.book != book || !checkpoint.isSigned {
                replay.problem(.checkpoint, "checkpoint at entry \(checkpoint.entry)", "Its signature does not fit.")
            }
        }
        func compare(_ position: ChainWalk.Position, _ head: [UInt8]) {
            for checkpoint in expected.removeValue(forKey: position) ?? [] where checkpoint.head != head {
                replay.problem(
                    .checkpoint, "checkpoint at entry \(checkpoint.entry)", "The chain had another head when it was signed.")
            }
        }
        compare(start, head)

        var walk = ChainWalk(db, from: start, head: head)
        try walk.run(problem: { replay.report.add($0) }) { link, position, head in
            switch link {
            case .entry(let stored, let lines):
                if full { try replay.apply(stored, lines) } else { replay.report.entries += 1 }
                if position.entry % 4096 == 0 { progress?(position.entry) }
            case .event(let event):
                if full { replay.apply(event) } else { replay.report.events += 1 }
            }
            compare(position, head)
        }
        if full { replay.endCapture(before: "the end") }
        for position in expected.keys.sorted(by: { ($0.entry, $0.event) < ($1.entry, $1.event) })
        where full || position.entry > start.entry {
            replay.problem(
                .checkpoint, "checkpoint at entry \(position.entry)", "The chain does not come by there: its end is missing.")
        }
        if full { try Comparison(db: db, replay: replay).run() }
        var differences: [String: (posted: Int128, pending: Int128)] = [:]
        try db.each(Self.selectTotals) { row in
            differences[row.text(0), default: (0, 0)].posted += Int128(row.int(1)) - Int128(row.int(2))
            differences[row.text(0), default: (0, 0)].pending += Int128(row.int(3)) - Int128(row.int(4))
            return true
        }
        for (currency, difference) in differences.sorted(by: { $0.key < $1.key }) where difference != (0, 0) {
            replay.problem(
                .balance, "ledger_balances \(currency)",
                "Debits and credits differ by \(difference.posted) posted and \(difference.pending) pending.")
        }
        replay.report.lines = walk.lineCount
        replay.report.head = walk.head
        return replay.report
    }

    // MARK: What follows from a mismatch

    /// Freezes every account whose balance was found wrong, so that nothing builds on it.
    /// - Returns: the accounts frozen now.
    @discardableResult
    package func quarantine(_ report: VerifyReport, actor: LedgerActor) throws -> [Account] {
        var frozen: [Account] = []
        for problem in report.problems {
            guard let id = problem.account, let account = try findAccount(.id(id)), account.state != .closed,
                account.state != .frozen
            else { continue }
            let reason = "\(problem)"
            try freeze(.id(id), reason: String(reason.prefix(Self.maximumReason / 4)), actor: actor)
            frozen.append(try self.account(.id(id)))
        }
        return frozen
    }

    private static let foldLines = SQL(
        "SELECT coalesce(sum(debit_minor), 0), coalesce(sum(credit_minor), 0), max(entry_id) FROM ledger_lines WHERE account_id = ?1")
    private static let foldHolds = SQL(
        """
        SELECT coalesce(sum(iif(debit_minor > 0, debit_minor - captured_minor - released_minor, 0)), 0),
          coalesce(sum(iif(credit_minor > 0, credit_minor - captured_minor - released_minor, 0)), 0)
        FROM ledger_hold_lines WHERE account_id = ?1
        """)

    /// Makes the balance of one account again from its lines and holds. Reads every line of the book.
    package func rebuildBalance(_ reference: AccountReference, reason: String, actor: LedgerActor) throws -> Balance {
        try Self.checkReason(reason)
        let account = try account(reference)
        return try forgettingAll {
            var balance = try slot(writing: reference).balance
            _ = try db.first(Self.foldLines, account.id) { row in
                (balance.postedDebits, balance.postedCredits) = (row.int(0), row.int(1))
                balance.lastEntry = row.optionalInt(2)
            }
            _ = try db.first(Self.foldHolds, account.id) { row in
                (balance.pendingDebits, balance.pendingCredits) = (row.int(0), row.int(1))
            }
            balance.version += 1
            try AccountRows.write(balance, of: account.id, db)
            try record(.balanceRebuilt, subject: account.id, actor: actor, reason: reason) { json in
                json.member("posted_debits", balance.postedDebits)
                json.member("posted_credits", balance.postedCredits)
                json.member("pending_debits", balance.pendingDebits)
                json.member("pending_credits", balance.pendingCredits)
                json.member("version", balance.version)
            }
            return balance
        }
    }
}
