import Core
import Ledger

/// `sequence`: gapless numbers, taken inside the transaction.
enum SequenceModule {
    static let functions: [HostFunction] = [
        HostFunction("sequence", "next", .posting, "next(series, { date =, branch = }): takes the next number, as printed") { run, arguments in
            let (series, branch, date) = try read(run, arguments)
            try run.scope.countWritten()
            return .string(try run.ledger.nextNumber(series: series, branch: branch, date: date, actor: run.scope.actor.ledgerActor).text)
        },
        HostFunction("sequence", "peek", .all, "peek(series, { date =, branch = }): the number that next would give; takes nothing") { run, arguments in
            let (series, branch, date) = try read(run, arguments)
            try run.scope.countRead()
            return .string(try run.ledger.peekNumber(series: series, branch: branch, date: date).text)
        },
    ]

    private static func read(_ run: HostRun, _ arguments: Arguments) throws -> (String, Int64?, CalendarDate) {
        let options = try arguments.optionalObject(1)
        var date = run.scope.today
        if let text = options["date"]?.string {
            guard let given = try? CalendarDate(text) else { throw arguments.wrong(1, "must have a date such as \"2026-01-31\"") }
            date = given
        }
        return (try arguments.text(0), options["branch"]?.int, date)
    }
}
