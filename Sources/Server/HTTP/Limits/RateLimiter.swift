import Core
import Synchronization

/// How often something may be done.
package struct RateLimit: Sendable, Hashable {
    /// How often in `seconds`, and how often at once after a pause; ≥ 1.
    package let count: Int
    /// ≥ 1
    package let seconds: Int

    package init(_ count: Int, perSeconds seconds: Int) {
        self.count = max(count, 1)
        self.seconds = max(seconds, 1)
    }
}

/// A token bucket for each pair of caller and class: full at first, refilled evenly.
///
/// Kept as one number, the time at which the bucket will be full again. At most `capacity` pairs are remembered; full
/// buckets are forgotten first, and then the fullest, so forgetting costs no caller anything until there are very many.
package final class RateLimiter: Sendable {
    package enum Outcome: Sendable, Equatable {
        case ok
        /// Whole seconds, ≥ 1.
        case retryAfter(seconds: Int)
    }

    private struct Key: Hashable {
        var caller: String
        var rateClass: String
    }

    private let shards: [Shard]
    private let clock: any Clock

    private final class Shard: Sendable {
        /// Microseconds at which the bucket is full again.
        let fullAt = Mutex<[Key: Int64]>([:])
    }

    private let shardCapacity: Int

    package init(capacity: Int = 100_000, clock: any Clock = SystemClock()) {
        shards = (0..<16).map { _ in Shard() }
        shardCapacity = max(capacity / 16, 4)
        self.clock = clock
    }

    /// Takes one token.
    package func take(_ caller: String, _ rateClass: String, limit: RateLimit) -> Outcome {
        let key = Key(caller: caller, rateClass: rateClass)
        let now = clock.now().milliseconds * 1000
        let period = Int64(limit.seconds) * 1_000_000
        let interval = max(period / Int64(limit.count), 1)
        return shards[Int(UInt(bitPattern: key.hashValue) % 16)].fullAt.withLock { fullAt in
            var full = max(fullAt[key] ?? now, now)
            // Further away than an empty bucket can be: the clock was set back, or the limit was made stricter.
            if full > now + period {
                full = now + period
                fullAt[key] = full
            }
            let next = full + interval
            if next > now + period {
                let wait = next - now - period
                return .retryAfter(seconds: Int((wait + 999_999) / 1_000_000))
            }
            if fullAt.count >= shardCapacity, fullAt[key] == nil { forget(&fullAt, now) }
            fullAt[key] = next
            return .ok
        }
    }

    /// Pairs remembered now.
    package var count: Int { shards.reduce(0) { sum, shard in sum + shard.fullAt.withLock { $0.count } } }

    /// Makes room for a quarter, so that it happens once in as many calls.
    private func forget(_ fullAt: inout [Key: Int64], _ now: Int64) {
        fullAt = fullAt.filter { $0.value > now }
        let room = shardCapacity - shardCapacity / 4
        guard fullAt.count > room else { return }
        let border = fullAt.values.sorted()[fullAt.count - room - 1]
        fullAt = fullAt.filter { $0.value > border }
    }
}
