import Core
import Storage

/// The rows of a report in one piece, from the cache where nothing that it reads was written meanwhile.
struct ReportAnswer {
    /// A JSON array of objects by the columns' JSON names.
    let items: [UInt8]
    let computedAt: Instant
    let isCached: Bool

    /// - Parameter cache: nil on a copy of the tenant's data, whose answers are no answers of the tenant's.
    /// - Throws: as `ReportRun.rows`; 422 `report.too_big` beyond 8 MiB.
    static func of(_ run: ReportRun, _ tenant: Tenant, _ db: Connection, cache: ReportCache?, now: Instant) throws -> ReportAnswer {
        let declaration = run.report.declaration
        guard let cache, declaration.cacheSeconds > 0 else {
            return ReportAnswer(items: try items(run, db), computedAt: now, isCached: false)
        }
        // Before anything is read: what is committed meanwhile makes the answer an old one.
        let stamp = tenant.store.changeStamp(of: run.report.tables)
        let key = run.key(tenant: tenant.id)
        if let kept = cache.find(key, stamp: stamp, now: now) {
            return ReportAnswer(items: kept.items, computedAt: kept.computedAt, isCached: true)
        }
        let answer = ReportCache.Answer(items: try items(run, db), computedAt: now)
        cache.keep(key, answer, stamp: stamp, seconds: declaration.cacheSeconds)
        return ReportAnswer(items: answer.items, computedAt: now, isCached: false)
    }

    private static func items(_ run: ReportRun, _ db: Connection) throws -> [UInt8] {
        let columns = run.report.declaration.columns
        var json = JSONWriter(capacity: 4_096)
        json.beginArray()
        try run.rows(db, most: ReportRun.mostItems) { statement in
            json.beginObject()
            for index in columns.indices { json.member(columns[index].jsonName, value: try run.value(statement, index)) }
            json.endObject()
            guard json.bytes.count <= ReportRun.longestAnswer else {
                throw Problem(
                    422, "report.too_big", "The answer is larger than \(ReportRun.longestAnswer >> 20) MiB; ask for less, or for format=csv.")
            }
        }
        json.endArray()
        return json.bytes
    }
}
