import Core
import Ledger

/// `sequence`: gapless numbers, taken inside the transaction.
enum SequenceModule {
    static let functions: [HostFunction] = [
        HostFunction("sequence", "next", .posting, "next(series, { date =, branch = }): takes the next number, as printed") { run, arguments in
            let (series, branch, date) = try read(run, arguments)
            try run.scope.countWritten()
            return .string(
                try run.ledger.nextNumber(
                    series: series, branch: branch?.id, branchCode: branch?.code, date: date, actor: run.scope.actor.ledgerActor
                ).text)
        },
        HostFunction("sequence", "peek", .all, "peek(series, { date =, branch = }): the number that next would give; takes nothing") { run, arguments in
            let (series, branch, date) = try read(run, arguments)
            try run.scope.countRead()
            return .string(try run.ledger.peekNumber(series: series, branch: branch?.id, branchCode: branch?.code, date: date).text)
        },
    ]

    private static func read(
        _ run: HostRun, _ arguments: Arguments
    ) throws -> (series: String, branch: (id: Int64, code: String)?, date: CalendarDate) {
        let series = try arguments.text(0)
        try run.mayNumber(series: series, by: arguments.function)
        let options = try arguments.options(1, "date", "branch")
        let branch = try options.integer("branch").map { id in
            try run.scope.countRead()
            guard let code = try Branches.code(run.scope.database, id) else {
                throw arguments.wrong(1, "has a branch \(id) that is not there")
            }
            return (id, code)
        }
        return (series, branch, try options.date("date") ?? run.scope.today)
    }
}
