import Core
import Synchronization

/// SHA-256 of a secret as a dictionary key.
struct SecretHash: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    init(_ bytes: [UInt8]) {
        precondition(bytes.count == 32, "SHA-256 has 32 bytes")
        words = bytes.withUnsafeBytes { buffer in
            (
                buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                buffer.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                buffer.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                buffer.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            )
        }
    }

    static func == (left: SecretHash, right: SecretHash) -> Bool {
        left.words.0 == right.words.0 && left.words.1 == right.words.1 && left.words.2 == right.words.2
            && left.words.3 == right.words.3
    }

    // It is a hash already: a part of it spreads as well as the whole.
    func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// Principals by credential, so that a request with a known credential costs a hash and a look into a dictionary.
///
/// Nothing stale is ever answered from here. Whoever is about to change users, roles, grants, tokens, sessions or branches
/// calls `beginChange` inside the transaction; from then until `endChange`, after the commit or the rollback, nothing is
/// answered or kept, and every request reads the database: the old state before the commit, the new one after it.
final class IdentityCache: Sendable {
    struct Entry: Sendable {
        var principal: Principal
        /// Milliseconds since 1970, after which the credential is worth nothing.
        var expiresAt: Int64
        /// Sessions only: how long they may rest.
        var idleLimit: Int64?
        var lastSeen: Int64
        /// What the database says about `lastSeen`.
        var lastStored: Int64
    }

    enum Found {
        case nothing
        case expired
        case entry(Principal, mustTouch: Bool)
    }

    /// Ample for a shop, small beside an open database: about 1 KiB each.
    private static let capacity = 512

    private struct State {
        var entries: [SecretHash: Entry] = [:]
        var generation: UInt64 = 0
        var changing = 0
    }

    private let state = Mutex(State())

    /// - Parameter touchAfter: how stale the stored time of use may get, in milliseconds, before it is to be written again.
    func find(_ hash: SecretHash, now: Int64, touchAfter: Int64) -> Found {
        state.withLock { state in
            guard state.changing == 0, let place = state.entries.index(forKey: hash) else { return .nothing }
            let entry = state.entries.values[place]
            let isIdle = entry.idleLimit.map { now - entry.lastSeen > $0 } ?? false
            guard now < entry.expiresAt, !isIdle else {
                state.entries.remove(at: place)
                return .expired
            }
            if now > entry.lastSeen { state.entries.values[place].lastSeen = now }
            let mustTouch = now - entry.lastStored >= touchAfter
            if mustTouch { state.entries.values[place].lastStored = now }
            return .entry(entry.principal, mustTouch: mustTouch)
        }
    }

    /// Taken before reading the database, handed to `keep` afterwards.
    var generation: UInt64 { state.withLock { $0.generation } }

    /// Keeps what was read, unless something changed meanwhile.
    func keep(_ entry: Entry, for hash: SecretHash, generation: UInt64) {
        state.withLock { state in
            guard state.changing == 0, state.generation == generation else { return }
            // No order of use is kept: a full cache starts anew, which costs one read for each credential in use.
            if state.entries.count >= Self.capacity { state.entries.removeAll(keepingCapacity: true) }
            state.entries[hash] = entry
        }
    }

    func beginChange() {
        state.withLock { state in
            state.changing += 1
            state.generation &+= 1
            state.entries = [:]
        }
    }

    func endChange() {
        state.withLock { state in
            state.changing -= 1
            state.generation &+= 1
        }
    }

    /// Forgets everything, for a tenant that is going to rest.
    func drop() {
        state.withLock { state in
            state.generation &+= 1
            state.entries = [:]
        }
    }
}
