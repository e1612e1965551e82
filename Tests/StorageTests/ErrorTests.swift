import Core
import Storage
import Testing

@Suite struct ErrorTests {
    static let all: [(StorageError, String, Int)] = [
        (.cannotOpen(path: "/data/a.db", reason: "no such file"), "storage.cannot_open", 503),
        (.corrupt("page 7"), "storage.corrupt", 503),
        (.full, "storage.full", 507),
        (.inputOutput("fsync"), "storage.io", 503),
        (.outOfMemory, "storage.out_of_memory", 503),
        (.busy, "storage.busy", 503),
        (.interrupted, "storage.interrupted", 503),
        (.readOnly("storage.io"), "storage.read_only", 503),
        (.commitFailed("fsync"), "storage.commit_failed", 503),
        (.turnLost, "storage.turn_lost", 503),
        (.queueFull(limit: 256), "storage.busy_queue", 429),
        (.closed("it is being restored"), "storage.closed", 503),
        (.denied("prohibited"), "storage.denied", 422),
        (.tooBig, "storage.too_big", 422),
        (.statement(code: 1, message: "no such table: x", sql: "SELECT * FROM x"), "storage.statement", 500),
        (.misuse("twice"), "storage.misuse", 500),
        (.newerSchema(room: "ledger", number: 9), "storage.newer_schema", 503),
        (.migrationChanged(room: "ledger", number: 9), "storage.migration_changed", 503),
        (.migrationOrder(room: "ledger", number: 9), "storage.migration_order", 503),
        (.dataFolderLocked(path: "/data", process: nil), "storage.data_folder_locked", 503),
        (.unsound("row 7 missing"), "storage.unsound", 503),
    ]

    @Test(arguments: all.indices)
    func `codes and statuses are published and stay`(index: Int) {
        let (error, code, status) = Self.all[index]
        #expect(error.code == code)
        #expect(error.problem.code == code && error.problem.status == status)
        #expect(error.problem.detail.hasSuffix(".") && error.problem.detail.count > 10)
        #expect(error.description.contains(code))
    }

    @Test func `what may be tried again says when`() {
        let retried = Self.all.map(\.0).filter { $0.problem.headers.contains { $0 == ("Retry-After", "1") } }.map(\.code)
        #expect(
            retried == [
                "storage.busy", "storage.read_only", "storage.commit_failed", "storage.turn_lost", "storage.busy_queue",
                "storage.closed",
            ])
    }

    @Test func `a statement's text goes to the log and not to the client`() {
        let error = StorageError.statement(code: 1, message: "no such table: x", sql: "SELECT secret FROM x")
        #expect(error.description.contains("SELECT secret"))
        #expect(!error.problem.detail.contains("secret"))
    }
}
