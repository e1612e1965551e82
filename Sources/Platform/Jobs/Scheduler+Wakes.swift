import Core
import Storage

// What the system's database knows of the next times, so that a closed tenant need not be opened at the start to ask.
//
// A row holds the time and how the tenant's files looked when it was written. It is written when the tenant's database was
// closed. A crash leaves an older row: then the files look otherwise, and the tenant is opened once and asked.

extension Scheduler {
    private static let select = SQL("SELECT tenant_id, wake_at, files FROM tenant_wakes")
    private static let upsert = SQL("""
        INSERT INTO tenant_wakes (tenant_id, wake_at, files) VALUES (?1, ?2, ?3)
        ON CONFLICT (tenant_id) DO UPDATE SET wake_at = excluded.wake_at, files = excluded.files
        """)
    private static let delete = SQL("DELETE FROM tenant_wakes WHERE tenant_id NOT IN (SELECT id FROM tenants)")

    /// Takes over what is known of the tenants since the process before.
    package func recoverWakes() {
        var rows: [Int64: (wake: Instant?, files: String)] = [:]
        // Without the rows every tenant is asked.
        let known = try? system.store.read { db in
            try db.query(Self.select) { row in (row.int(0), try row.optionalInstant(1), row.text(2)) }
        }
        for (id, wake, files) in known ?? [] { rows[id] = (wake, files) }
        for tenant in directory.all {
            let row = rows[tenant.id]
            let isKnown = row.map { $0.files == Self.files(of: tenant) } ?? false
            monitor.locked {
                guard places[tenant.id] == nil else { return }
                places[tenant.id] = Place(wake: isKnown ? row?.wake : .earliest, isUnsaved: !isKnown, isProbe: !isKnown)
            }
        }
    }

    /// Stores the next times of the tenants whose databases were closed since the last time.
    package func saveWakes() {
        let candidates = monitor.locked { places.filter { $0.value.isUnsaved && !$0.value.isBusy }.map(\.key) }
        var found: [(id: Int64, wake: Instant?, files: String)] = []
        for id in candidates {
            guard let tenant = directory.find(id: id) else {
                monitor.locked { places[id] = nil }
                continue
            }
            guard !tenant.store.isOpen else { continue }
            // The files first: what changes them afterwards signals before it does.
            let files = Self.files(of: tenant)
            let wake = monitor.locked { () -> Instant?? in
                guard let place = places[id], place.isUnsaved, !place.isBusy, place.sending.isEmpty, place.fetching.isEmpty else { return nil }
                places[id]?.isUnsaved = false
                return .some(place.wake)
            }
            if let wake { found.append((id, wake, files)) }
        }
        guard !found.isEmpty else { return }
        let rows = found
        do {
            try system.store.write { db in
                for row in rows { try db.run(Self.upsert, row.id, row.wake, row.files) }
                try db.run(Self.delete)
            }
        } catch {
            monitor.locked { for row in rows { places[row.id]?.isUnsaved = true } }
        }
    }

    /// Closes databases that were opened only to ask when something is due, where that is not soon.
    func closeProbes() {
        let soon = clock.now().adding(seconds: 60)
        let done = monitor.locked {
            places.filter { $0.value.isProbe && !$0.value.isBusy && $0.value.wake != .earliest }.map { ($0.key, $0.value.wake.map { $0 <= soon } ?? false) }
        }
        for (id, isDueSoon) in done {
            var isInUse = false
            if !isDueSoon, let tenant = directory.find(id: id), tenant.store.isOpen {
                isInUse = !tenant.store.closeIfIdle()
                if !isInUse { tenant.rest() }
            }
            // The turn that asked may not have let it go yet; one that others use is left to the sweep.
            monitor.locked {
                places[id]?.probeTries += 1
                if !isInUse || places[id]?.probeTries ?? 0 > 50 { places[id]?.isProbe = false }
            }
        }
    }

    /// How the tenant's database looks from outside: any commit changes it.
    static func files(of tenant: Tenant) -> String {
        [tenant.store.path, tenant.store.path + "-wal"].map { path in
            guard let size = try? Files.size(path), let modified = try? Files.modified(path) else { return "-" }
            return size == 0 ? "-" : "\(size)@\(modified)"
        }.joined(separator: " ")
    }
}
