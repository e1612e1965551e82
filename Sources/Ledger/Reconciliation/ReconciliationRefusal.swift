import Core

/// Why a statement, a match or a reconciliation was refused.
package enum ReconciliationRefusal: Sendable, Equatable {
    case sourceUnknown(Int64)
    case sourceExists(String)
    /// The line was there already, and says something else now.
    case lineDiffers(place: Int, line: Int64)
    /// Statements are handed in from the oldest to the newest.
    case order(place: Int, CalendarDate, last: CalendarDate)
    /// The balance that the statement states is not what its lines come to.
    case gap(place: Int, stated: Money, computed: Money)
    case lineUnknown(String)
    /// A line is in one match at a time.
    case matched(String, match: Int64)
    case unequal(statement: Money, entries: Money)
    case matchUnknown(Int64)
    case matchEnded(Int64)
    /// Nothing up to this day may change.
    case closed(through: CalendarDate)
    case differs(String, difference: Money)

    var code: String {
        switch self {
        case .sourceUnknown: "ledger.reconciliation_source_unknown"
        case .sourceExists: "ledger.reconciliation_source_exists"
        case .lineDiffers: "ledger.statement_line_differs"
        case .order: "ledger.statement_order"
        case .gap: "ledger.statement_gap"
        case .lineUnknown: "ledger.match_line_unknown"
        case .matched: "ledger.line_matched"
        case .unequal: "ledger.match_unequal"
        case .matchUnknown: "ledger.match_unknown"
        case .matchEnded: "ledger.match_ended"
        case .closed: "ledger.reconciliation_closed"
        case .differs: "ledger.reconciliation_differs"
        }
    }

    var status: Int {
        switch self {
        case .sourceUnknown, .matchUnknown: 404
        case .lineUnknown, .unequal: 422
        default: 409
        }
    }

    var extra: [(String, Value)] {
        switch self {
        case .lineDiffers(let place, let line): [("line", .int(Int64(place))), ("statement_line", .int(line))]
        case .order(let place, _, _): [("line", .int(Int64(place)))]
        case .gap(let place, let stated, let computed):
            [("line", .int(Int64(place))), ("stated", .int(stated.minor)), ("computed", .int(computed.minor))]
        case .matched(_, let match): [("match", .int(match))]
        case .unequal(let statement, let entries): [("statement", .int(statement.minor)), ("entries", .int(entries.minor))]
        case .closed(let day): [("closed_through", .string(day.description))]
        case .differs(_, let difference): [("difference", .int(difference.minor))]
        default: []
        }
    }

    var detail: String {
        switch self {
        case .sourceUnknown(let id): "There is no source \(id) of statements."
        case .sourceExists(let what): "There is a source of statements for \(what) already."
        case .lineDiffers(let place, let line):
            "Line \(place) of the file was imported before, as \(line), and said something else; a statement does not change."
        case .order(let place, let date, let last):
            "Line \(place) of the file is of \(date), and the statement has come to \(last); hand statements in from the oldest on."
        case .gap(let place, let stated, let computed):
            "After line \(place) of the file the balance is \(stated) by the statement and \(computed) by its lines; what lies between is missing."
        case .lineUnknown(let what): "There is no \(what) to match here."
        case .matched(let what, let match): "The \(what) is in match \(match) already; take that back first."
        case .unequal(let statement, let entries):
            "The lines of the statement come to \(statement) and those of the entries to \(entries); they must be the same."
        case .matchUnknown(let id): "There is no match \(id)."
        case .matchEnded(let id): "Match \(id) was taken back already."
        case .closed(let day): "It is reconciled through \(day), and stays as it is."
        case .differs(let what, _): what
        }
    }
}
