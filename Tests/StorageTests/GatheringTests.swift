import Glibc
import Storage
import Testing

@Suite struct GatheringTests {
    private func gathering(after served: Int..., most: UInt64 = 64_000) -> Gathering {
        var gathering = Gathering(mostNanoseconds: most)
        for served in served { gathering.ended(served: served) }
        return gathering
    }

    @Test func `nobody waits where few come at a time`() {
        #expect(gathering().patience(served: 1) == 0)
        #expect(gathering(after: 7).patience(served: 1) == 0)
        #expect(!gathering(after: 7).isBusy)
    }

    @Test func `a turn waits longer the more are expected, and never longer than the most`() {
        #expect(gathering(after: 8).patience(served: 1) == 8_000)
        #expect(gathering(after: 32).patience(served: 1) == 32_000)
        #expect(gathering(after: 200).patience(served: 1) == 64_000)
    }

    @Test func `three of four are enough, and a turn that has none does not wait`() {
        #expect(gathering(after: 64).patience(served: 47) == 64_000)
        #expect(gathering(after: 64).patience(served: 48) == 0)
        #expect(gathering(after: 64).patience(served: 0) == 0)
    }

    @Test func `what was waited counts until the turn ends`() {
        var busy = gathering(after: 32)
        busy.note(waited: 20_000)
        #expect(busy.patience(served: 1) == 12_000)
        busy.note(waited: 20_000)
        #expect(busy.patience(served: 1) == 0)
        busy.ended(served: 30)
        #expect(busy.patience(served: 1) == 30_000)
    }

    @Test func `what is expected goes down by halves when the callers leave`() {
        #expect(gathering(after: 64, 1).expected == 32)
        #expect(gathering(after: 64, 1, 1, 1).expected == 8)
        #expect(gathering(after: 64, 1, 1, 1, 1).patience(served: 1) == 0)
    }

    @Test func `who comes while a busy lane waits is in the same commit`() throws {
        let folder = try TemporaryFolder()
        let pool = LanePool(threads: 2)
        // So long that the works that are sent below surely come in time; they end the wait.
        let store = Store(
            path: folder("a.db"), configuration: Sample.configuration { $0.gatherNanoseconds = 600_000_000_000 }, pool: pool)
        let held = try HeldLane(store)
        let before = (0..<15).map { Sample.add("before \($0)") }
        for work in before { try store.submit(work) }
        held.release()
        for work in before { #expect(work.isCommitted) }
        #expect(store.statistics.turns == 1 && store.statistics.largestGroup == 16)

        let begun = Gate()
        let first = Work({ db in
            try db.run(Sample.insert, "first", 1)
            begun.open()
        })
        try store.submit(first)
        begun.wait()
        // Until the lane waits, or has committed the first work alone.
        while !store.isGatheringWorks, store.statistics.turns == 1 { sched_yield() }
        let after = (0..<11).map { Sample.add("after \($0)") }
        for work in after { try store.submit(work) }
        for work in [first] + after { #expect(work.isCommitted) }
        #expect(store.statistics.turns == 2)
    }
}
