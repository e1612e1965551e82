import Core
import Platform
import Synchronization
import Testing

@Suite struct EventBusTests {
    private let start = Instant(milliseconds: 1_000_000)

    @Test func `a watcher gets what happens in its tenant and nothing of another`() {
        let bus = EventBus(now: start)
        let wakes = Mutex(0)
        let watcher = bus.subscribe(tenant: 1) { wakes.withLock { $0 += 1 } }
        bus.publish(tenant: 1, "job.progress", .object(["done": .int(3)]))
        bus.publish(tenant: 2, "job.progress", .object(["done": .int(4)]))
        let taken = watcher.take()
        #expect(taken.events.map { String(decoding: $0.data, as: UTF8.self) } == [#"{"done":3}"#])
        #expect(!taken.missed)
        #expect(wakes.withLock { $0 } == 1)
        #expect(watcher.take().events.isEmpty)
    }

    @Test func `a watcher that comes back gets what it missed, once`() throws {
        let bus = EventBus(now: start)
        let first = bus.subscribe(tenant: 1) {}
        for number in 0..<5 { bus.publish(tenant: 1, "n", .int(Int64(number))) }
        let seen = try #require(first.take().events.dropLast(3).last)
        bus.cancel(first, now: start)
        bus.publish(tenant: 1, "n", .int(5))
        let again = bus.subscribe(tenant: 1, after: seen.id) {}
        let taken = again.take()
        #expect(taken.events.map { String(decoding: $0.data, as: UTF8.self) } == ["2", "3", "4", "5"])
        #expect(!taken.missed)
    }

    @Test func `a watcher that was away too long learns it`() {
        let bus = EventBus(now: start)
        let first = bus.subscribe(tenant: 1) {}
        bus.publish(tenant: 1, "n", .int(0))
        let seen = first.take().events[0].id
        for number in 0..<200 { bus.publish(tenant: 1, "n", .int(Int64(number))) }
        let again = bus.subscribe(tenant: 1, after: seen) {}
        let taken = again.take()
        #expect(taken.missed)
        #expect(taken.events.count == EventBus.recentLimit)
        #expect(bus.subscribe(tenant: 1, after: 17) {}.take().missed, "an id from before the start")
        #expect(bus.subscribe(tenant: 1, after: .max) {}.take().missed, "an id from another installation")
    }

    @Test func `a slow watcher loses the oldest events and learns it`() {
        let bus = EventBus(now: start)
        let watcher = bus.subscribe(tenant: 1) {}
        for number in 0..<(EventBus.waitingLimit + 10) { bus.publish(tenant: 1, "n", .int(Int64(number))) }
        let taken = watcher.take()
        #expect(taken.missed)
        #expect(taken.events.count == EventBus.waitingLimit)
        #expect(taken.events.last.map { String(decoding: $0.data, as: UTF8.self) } == "\(EventBus.waitingLimit + 9)")
    }

    @Test func `a tenant that nobody watches is forgotten after a while`() {
        let bus = EventBus(now: start)
        let first = bus.subscribe(tenant: 1) {}
        bus.publish(tenant: 1, "n", .int(1))
        let seen = first.take().events[0].id
        bus.cancel(first, now: start)
        bus.sweep(now: start.adding(milliseconds: 119_999))
        #expect(!bus.subscribe(tenant: 1, after: seen) {}.take().missed)
        let second = bus.subscribe(tenant: 3) {}
        bus.cancel(second, now: start)
        bus.sweep(now: start.adding(milliseconds: 120_000))
        bus.publish(tenant: 3, "n", .int(2))
        #expect(bus.watcherCount == 1)
        #expect(bus.subscribe(tenant: 3, after: seen) {}.take().missed == false)
    }

    @Test func `events for a permission, a branch or a user are not for others`() throws {
        let bus = EventBus(now: start)
        let watcher = bus.subscribe(tenant: 1) {}
        bus.publish(tenant: 1, "a", .null, permission: "ledger.view")
        bus.publish(tenant: 1, "b", .null, branch: 7)
        bus.publish(tenant: 1, "c", .null, user: 4)
        bus.publish(tenant: 1, "d", .null)
        let events = watcher.take().events
        func visible(_ principal: Principal) -> String { events.filter { $0.isVisible(to: principal) }.map(\.name).joined() }
        #expect(visible(Principal(kind: .user, userID: 4, permissions: ["ledger.view"], branchIDs: [7])) == "abcd")
        #expect(visible(Principal(kind: .user, userID: 5, permissions: [], branchIDs: [8])) == "d")
        #expect(visible(Principal(kind: .user, userID: 5, permissions: ["*"], branchIDs: nil)) == "abd")
    }
}
