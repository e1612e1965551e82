import Core
import Storage
import Synchronization

/// How long the statements of every tenant's database take since the process began, and who is told of slow ones.
package final class StatementWatch: Sendable {
    /// One run that took long.
    package struct Slow: Sendable {
        /// nil for the system's database.
        package let tenantID: Int64?
        /// As it was prepared, without the values that it was given.
        package let text: String
        package let milliseconds: Int64
    }

    /// One statement of one database, or of all.
    package struct Line: Sendable {
        package let tenantID: Int64?
        package let text: String
        package let figures: StatementTimes.Figures

        package var value: Value {
            [
                "tenant_id": tenantID.map { .int($0) } ?? .null, "statement": .string(text), "runs": .int(Int64(figures.runs)),
                "average_ms": Self.milliseconds(figures.averageNanoseconds), "maximum_ms": Self.milliseconds(figures.longestNanoseconds),
                "total_ms": Self.milliseconds(figures.nanoseconds),
            ]
        }

        private static func milliseconds(_ nanoseconds: UInt64) -> Value {
            .decimal((try? Decimal(coefficient: Int64(clamping: nanoseconds / 1_000), scale: 3)) ?? Decimal(0))
        }
    }

    /// How many a list holds.
    package static let listed = 20
    private static let longestText = 2_000

    private let slowNanoseconds: Atomic<UInt64>
    private let slowCount = Atomic<Int>(0)
    private let databases = Mutex<[Int64: StatementTimes]>([:])
    private let tell = Mutex<(@Sendable (Slow) -> Void)?>(nil)
    private static let system: Int64 = 0

    init(slowMilliseconds: Int) { slowNanoseconds = Atomic(UInt64(max(1, slowMilliseconds)) * 1_000_000) }

    /// From how many milliseconds on a run is slow.
    package var slowMilliseconds: Int {
        get { Int(slowNanoseconds.load(ordering: .relaxed) / 1_000_000) }
        set { slowNanoseconds.store(UInt64(max(1, newValue)) * 1_000_000, ordering: .relaxed) }
    }

    /// - Parameter tell: called on the thread that ran the statement; it must be quick.
    package func connect(_ tell: @escaping @Sendable (Slow) -> Void) { self.tell.withLock { $0 = tell } }

    /// - Parameter tenant: nil for the system's database.
    func times(of tenant: Int64?) -> StatementTimes {
        databases.withLock { databases in
            if let known = databases[tenant ?? Self.system] { return known }
            let times = StatementTimes { [weak self] text, nanoseconds in self?.note(tenant, text, nanoseconds) }
            databases[tenant ?? Self.system] = times
            return times
        }
    }

    func forget(_ tenant: Int64) { databases.withLock { $0[tenant] = nil } }

    private func note(_ tenant: Int64?, _ text: String, _ nanoseconds: UInt64) {
        guard nanoseconds > slowNanoseconds.load(ordering: .relaxed) else { return }
        slowCount.wrappingAdd(1, ordering: .relaxed)
        guard let tell = tell.withLock({ $0 }) else { return }
        tell(Slow(tenantID: tenant, text: Self.short(text), milliseconds: Int64(clamping: nanoseconds / 1_000_000)))
    }

    private static func short(_ text: String) -> String {
        text.utf8.count <= longestText ? text : String(decoding: text.utf8.prefix(longestText), as: UTF8.self) + " …"
    }

    /// The slowest on average, slowest first: of one tenant's database.
    package func slowest(of tenant: Int64) -> [Line] {
        let times = databases.withLock { $0[tenant] }
        return Self.top((times?.all ?? []).map { Line(tenantID: tenant, text: Self.short($0.text), figures: $0.figures) })
    }

    /// The slowest on average of all databases, the system's too.
    package var slowest: [Line] {
        let all = databases.withLock { Array($0) }
        return Self.top(
            all.flatMap { id, times in
                times.all.map { Line(tenantID: id == Self.system ? nil : id, text: Self.short($0.text), figures: $0.figures) }
            })
    }

    /// Of all databases: runs and time, and how many runs were slow.
    package var sums: (runs: Int, seconds: Double, slow: Int) {
        let all = databases.withLock { Array($0.values) }.map(\.sums)
        return (
            all.reduce(0) { $0 + $1.runs }, Double(all.reduce(0) { $0 + $1.nanoseconds }) / 1e9, slowCount.load(ordering: .relaxed)
        )
    }

    private static func top(_ lines: [Line]) -> [Line] {
        Array(
            lines.sorted { ($0.figures.averageNanoseconds, $0.text) > ($1.figures.averageNanoseconds, $1.text) }.prefix(listed))
    }
}
