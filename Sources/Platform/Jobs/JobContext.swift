import Core

/// What a step of a job tells the kernel while it runs; kept if the step is.
final class JobContext {
    let row: JobRow
    var done: Int64
    var total: Int64?
    var checkpoint: Value

    init(_ row: JobRow) {
        self.row = row
        done = row.done
        total = row.total
        checkpoint = row.checkpoint
    }
}
