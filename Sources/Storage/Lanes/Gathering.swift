/// When a turn waits a moment for more works before it commits.
///
/// Callers that a turn has answered together come back one after the other. A turn that ended as soon as the queue was empty
/// would commit the first few alone, and pay pages and a flush for them that one turn for all pays once. So a turn that has
/// served few beside the turns before it waits, for as long as so many are worth; where few call at a time, nobody waits.
package struct Gathering: Sendable {
    /// Fewer works at a time than this are not waited for.
    package static let leastWorks = 8
    /// What one expected work is worth waiting for.
    static let shares: UInt64 = 64

    /// The most that a turn waits, all its waits together.
    let mostNanoseconds: UInt64
    /// How many works the turns of late have served, the last one most of all.
    package private(set) var expected = 0
    /// What the turn has waited so far.
    private var waited: UInt64 = 0

    package init(mostNanoseconds: UInt64) { self.mostNanoseconds = mostNanoseconds }

    /// Whether several callers come at a time.
    package var isBusy: Bool { expected >= Self.leastWorks }

    /// How long the turn may still wait, having served so many; 0 when it shall commit.
    package func patience(served: Int) -> UInt64 {
        guard isBusy, served > 0, served * 4 < expected * 3 else { return 0 }
        let most = min(mostNanoseconds, mostNanoseconds / Self.shares * UInt64(expected))
        return most > waited ? most - waited : 0
    }

    package mutating func note(waited nanoseconds: UInt64) { waited += nanoseconds }

    /// At the end of a turn.
    package mutating func ended(served: Int) {
        expected = max(served, expected / 2)
        waited = 0
    }
}
