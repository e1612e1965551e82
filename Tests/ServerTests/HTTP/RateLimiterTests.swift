import Core
import Foundation
import Testing

@testable import Server

@Suite struct RateLimiterTests {
    let clock = ManualClock(Instant(milliseconds: 1_767_605_400_000))

    @Test func `a hundred a minute may come at once, then one every 600 ms`() {
        let limiter = RateLimiter(clock: clock)
        let limit = RateLimit(100, perSeconds: 60)
        for _ in 0..<100 { #expect(limiter.take("me", "standard", limit: limit) == .ok) }
        #expect(limiter.take("me", "standard", limit: limit) == .retryAfter(seconds: 1))
        clock.advance(milliseconds: 599)
        #expect(limiter.take("me", "standard", limit: limit) == .retryAfter(seconds: 1))
        clock.advance(milliseconds: 1)
        #expect(limiter.take("me", "standard", limit: limit) == .ok)
        #expect(limiter.take("me", "standard", limit: limit) == .retryAfter(seconds: 1))
    }

    @Test func `one in five minutes says how long to wait`() {
        let limiter = RateLimiter(clock: clock)
        let limit = RateLimit(1, perSeconds: 300)
        #expect(limiter.take("me", "trigger", limit: limit) == .ok)
        #expect(limiter.take("me", "trigger", limit: limit) == .retryAfter(seconds: 300))
        clock.advance(milliseconds: 299_001)
        #expect(limiter.take("me", "trigger", limit: limit) == .retryAfter(seconds: 1))
        clock.advance(milliseconds: 999)
        #expect(limiter.take("me", "trigger", limit: limit) == .ok)
    }

    @Test func `whoever waits as told is let through`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(seed: seed)
        for _ in 0..<200 {
            let limiter = RateLimiter(clock: clock)
            let limit = RateLimit(Int.random(in: 1...50, using: &random), perSeconds: Int.random(in: 1...600, using: &random))
            var taken: [Int64] = []
            for _ in 0..<100 {
                clock.advance(milliseconds: Int64.random(in: 0...20_000, using: &random))
                if case .retryAfter(let seconds) = limiter.take("me", "c", limit: limit) {
                    #expect(seconds >= 1 && seconds <= limit.seconds)
                    clock.advance(milliseconds: Int64(seconds) * 1000)
                    #expect(limiter.take("me", "c", limit: limit) == .ok, "seed \(seed)")
                }
                taken.append(clock.now().milliseconds)
            }
            // In no window of the period more than a full bucket and what is refilled meanwhile.
            for (index, start) in taken.enumerated() {
                let inWindow = taken[index...].prefix { $0 - start < Int64(limit.seconds) * 1000 }.count
                #expect(inWindow <= 2 * limit.count, "seed \(seed)")
            }
        }
    }

    @Test func `callers and classes have buckets of their own`() {
        let limiter = RateLimiter(clock: clock)
        let limit = RateLimit(1, perSeconds: 60)
        #expect(limiter.take("a", "x", limit: limit) == .ok)
        #expect(limiter.take("b", "x", limit: limit) == .ok)
        #expect(limiter.take("a", "y", limit: limit) == .ok)
        #expect(limiter.take("a", "x", limit: limit) != .ok)
        #expect(limiter.count == 3)
    }

    @Test func `memory is bounded, and the emptiest buckets are remembered`() {
        let limiter = RateLimiter(capacity: 1600, clock: clock)
        let hard = RateLimit(1, perSeconds: 3600)
        for number in 0..<20 { #expect(limiter.take("busy \(number)", "c", limit: hard) == .ok) }
        let soft = RateLimit(1000, perSeconds: 1)
        for number in 0..<50_000 { #expect(limiter.take("passing \(number)", "c", limit: soft) == .ok) }
        #expect(limiter.count <= 1600)
        for number in 0..<20 { #expect(limiter.take("busy \(number)", "c", limit: hard) != .ok) }
        clock.advance(milliseconds: 3_600_000)
        for number in 0..<20 { #expect(limiter.take("busy \(number)", "c", limit: hard) == .ok) }
    }

    @Test func `a clock that is set back blocks nobody for longer than the limit says`() {
        let limiter = RateLimiter(clock: clock)
        let limit = RateLimit(2, perSeconds: 10)
        #expect(limiter.take("me", "c", limit: limit) == .ok)
        #expect(limiter.take("me", "c", limit: limit) == .ok)
        clock.set(Instant(milliseconds: clock.now().milliseconds - 86_400_000))
        #expect(limiter.take("me", "c", limit: limit) == .retryAfter(seconds: 5))
        clock.advance(milliseconds: 10_000)
        _ = limiter.take("me", "c", limit: limit)
        clock.advance(milliseconds: 10_000)
        #expect(limiter.take("me", "c", limit: limit) == .ok)
    }

    @Test func `threads share a bucket`() {
        let limiter = RateLimiter(clock: clock)
        let limit = RateLimit(1000, perSeconds: 60)
        let passed = MetricsRegistry().counter("c", "c")
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<1000 where limiter.take("me", "c", limit: limit) == .ok { passed.add() }
        }
        #expect(passed.value == 1000)
    }
}
