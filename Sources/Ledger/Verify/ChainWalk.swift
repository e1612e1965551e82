import Core
import Storage

/// Reads entries with their lines and events in the order of the chain, and checks what each leaf says by itself:
/// numbers, times, digests. What they mean together is `Replay`'s.
struct ChainWalk {
    private static let selectEntries = SQL(
        "SELECT \(EntryRows.columns) \(EntryRows.joined) WHERE e.id > ?1 ORDER BY e.id")
    private static let selectLines = SQL(
        """
        SELECT entry_id, line_number, account_id, debit_minor, credit_minor, branch_id, dimensions, effective_on
        FROM ledger_lines WHERE entry_id > ?1 ORDER BY entry_id, line_number
        """)
    private static let selectEvents = SQL(
        """
        SELECT id, after_entry_id, kind, subject_id, payload, actor_id, actor, reason, recorded_at, digest
        FROM ledger_events WHERE id > ?1 ORDER BY id
        """)

    /// A place in the chain: after this entry and this event.
    struct Position: Hashable {
        var entry: Int64 = 0
        var event: Int64 = 0
    }

    let db: Connection
    /// Where the walk has come to.
    private(set) var position: Position
    /// The digest that the next leaf builds on, as stored.
    private(set) var head: [UInt8]
    private var lastTime = ""
    private var bytes = CanonicalBytes(capacity: 4096)
    private var lines: [LineRecord] = []
    private(set) var lineCount: Int64 = 0

    init(_ db: Connection, from position: Position = Position(), head: [UInt8]) {
        self.db = db
        self.position = position
        self.head = head
    }

    enum Link {
        case entry(EntryRows.Stored, [LineRecord])
        case event(EventRecord)
    }

    /// - Parameter leaf: called for each, in order; what is wrong with the leaf itself went to `problem` before.
    mutating func run(problem: (VerifyProblem) -> Void, leaf: (Link, Position, [UInt8]) throws -> Void) throws {
        let start = position
        let entries = try db.statement(Self.selectEntries)
        let lineRows = try db.statement(Self.selectLines)
        let events = try db.statement(Self.selectEvents)
        entries.bind(1, start.entry)
        lineRows.bind(1, start.entry)
        events.bind(1, start.event)
        defer {
            entries.reset()
            lineRows.reset()
            events.reset()
        }
        var hasEntry = try entries.step()
        var hasLine = try lineRows.step()
        var hasEvent = try events.step()
        while hasEntry || hasEvent {
            if hasEvent, !hasEntry || events.int64(1) < entries.int64(0) {
                try leaf(.event(readEvent(events.row, problem)), position, head)
                hasEvent = try events.step()
            } else {
                let stored = EntryRows.Stored(entries.row)
                try readLines(of: stored.record, lineRows, &hasLine, problem)
                check(stored, problem)
                try leaf(.entry(stored, lines), position, head)
                hasEntry = try entries.step()
            }
        }
        while hasLine {
            problem(VerifyProblem(.entry, "entry \(lineRows.int64(0))", "A line names an entry that is not there."))
            hasLine = try lineRows.step()
        }
    }

    // MARK: Entries

    private mutating func readLines(
        of entry: EntryRecord, _ rows: Statement, _ hasLine: inout Bool, _ problem: (VerifyProblem) -> Void
    ) throws {
        lines.removeAll(keepingCapacity: true)
        while hasLine, rows.int64(0) <= entry.id {
            let row = rows.row
            if row.int(0) < entry.id {
                problem(VerifyProblem(.entry, "entry \(row.int(0))", "A line names an entry that is not there."))
            } else {
                if row.int(1) != Int64(lines.count + 1) {
                    problem(
                        VerifyProblem(.entry, "entry \(entry.id)", "Line \(row.int(1)) stands where \(lines.count + 1) should."))
                }
                if !rows.withText(7, { entry.effectiveOn.utf8.elementsEqual($0) }) {
                    problem(
                        VerifyProblem(.entry, "entry \(entry.id)", "Line \(row.int(1)) is of another date than its entry."))
                }
                lines.append(
                    LineRecord(
                        account: row.int(2), debit: row.int(3), credit: row.int(4), branch: row.optionalInt(5),
                        dimensions: row.optionalText(6)))
                lineCount += 1
            }
            hasLine = try rows.step()
        }
    }

    private mutating func check(_ stored: EntryRows.Stored, _ problem: (VerifyProblem) -> Void) {
        let entry = stored.record
        let place = "entry \(entry.id)"
        if entry.id != position.entry + 1 {
            problem(VerifyProblem(.numbering, place, "Entry \(position.entry + 1) should come here."))
        }
        checkTime(entry.recordedAt, place, problem)
        Leaf.beginEntry(entry, lineCount: lines.count, previous: head, into: &bytes)
        for line in lines { Leaf.line(line, into: &bytes) }
        if bytes.digest() != stored.digest {
            problem(VerifyProblem(.chain, place, "Its digest is not that of its fields and of what came before."))
        }
        position.entry = entry.id
        head = stored.digest
    }

    // MARK: Events

    private mutating func readEvent(_ row: Row, _ problem: (VerifyProblem) -> Void) -> EventRecord {
        let event = EventRecord(
            id: row.int(0), afterEntry: row.int(1), kind: row.text(2), subject: row.int(3), payload: row.text(4),
            actor: LedgerActor(id: row.int(5), label: row.text(6)), reason: row.optionalText(7), recordedAt: row.text(8))
        let place = "event \(event.id)"
        if event.id != position.event + 1 {
            problem(VerifyProblem(.numbering, place, "Event \(position.event + 1) should come here."))
        }
        if event.afterEntry != position.entry {
            problem(VerifyProblem(.numbering, place, "It stands after entry \(position.entry), and says \(event.afterEntry)."))
        }
        checkTime(event.recordedAt, place, problem)
        let digest = row.bytes(9)
        if Leaf.event(event, previous: head, into: &bytes) != digest {
            problem(VerifyProblem(.chain, place, "Its digest is not that of its fields and of what came before."))
        }
        position.event = event.id
        head = digest
        return event
    }

    private mutating func checkTime(_ time: String, _ place: String, _ problem: (VerifyProblem) -> Void) {
        if time < lastTime { problem(VerifyProblem(.time, place, "It was recorded at \(time), after a leaf of \(lastTime).")) }
        lastTime = time
    }
}
