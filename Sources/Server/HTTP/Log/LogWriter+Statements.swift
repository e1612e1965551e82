import Core
import Platform

extension LogWriter {
    /// `statement.slow`: a statement of a database that took long, without the values that it was given.
    func write(_ slow: StatementWatch.Slow) {
        write(.warning, "statement.slow") { json in
            if let tenant = slow.tenantID { json.member("tenant", tenant) }
            json.member("ms", slow.milliseconds)
            json.member("statement", slow.text)
        }
    }
}
