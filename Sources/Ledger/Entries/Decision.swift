import Core

/// What an entry or a hold would do to one account.
struct Effect {
    let slot: AccountSlot
    var debits: Int64 = 0
    var credits: Int64 = 0
    var pendingDebits: Int64 = 0
    var pendingCredits: Int64 = 0
    /// The balance afterwards, once decided.
    var after: Balance

    init(_ slot: AccountSlot) {
        self.slot = slot
        after = slot.balance
    }
}

/// The rules on the state of accounts: from the balances before and what is asked, the balances after or a refusal.
/// It reads no clock, no database and nothing random.
enum Decision {
    /// One effect an account, in the order in which the lines name them.
    static func effects(of lines: [LineRecord], _ slots: [AccountSlot], released: [Draft.Release] = []) -> [Effect] {
        var effects = Effects(capacity: lines.count)
        for (line, slot) in zip(lines, slots) {
            effects.of(slot) {
                $0.debits &+= line.debit
                $0.credits &+= line.credit
            }
        }
        for release in released {
            effects.of(release.slot) {
                if release.side == .debit { $0.pendingDebits &-= release.amount } else { $0.pendingCredits &-= release.amount }
            }
        }
        return effects.list
    }

    /// The same for lines that are only held.
    static func holdEffects(of lines: [LineRecord], _ slots: [AccountSlot]) -> [Effect] {
        var effects = Effects(capacity: lines.count)
        for (line, slot) in zip(lines, slots) {
            effects.of(slot) {
                $0.pendingDebits &+= line.debit
                $0.pendingCredits &+= line.credit
            }
        }
        return effects.list
    }

    /// Stage 6. Within the stage, the refusal whose code comes first in the alphabet answers.
    static func decide(
        _ effects: inout [Effect], conditions: [(BalanceCondition, AccountSlot)] = [], ignoresLimits: Bool = false
    ) throws(LedgerError) {
        for effect in effects where effect.slot.account.state != .open { try checkState(effect, .closed) }
        for effect in effects where effect.slot.account.state != .open { try checkState(effect, .frozen) }
        for index in effects.indices { effects[index].after = try sum(effects[index]) }
        for (condition, slot) in conditions { try check(condition, slot, effects) }
        if ignoresLimits { return }
        for effect in effects { try checkLimit(effect) }
    }

    private static func checkState(_ effect: Effect, _ wanted: AccountState) throws(LedgerError) {
        let account = effect.slot.account
        if wanted == .closed {
            if account.state == .closed { throw .accountClosed(account.code) }
            return
        }
        // A release alone is never stopped; a capture books, so it is.
        if max(effect.debits, effect.pendingDebits) > 0, account.state.isFrozen(for: .debit) {
            throw .accountFrozen(account.code, .debit)
        }
        if max(effect.credits, effect.pendingCredits) > 0, account.state.isFrozen(for: .credit) {
            throw .accountFrozen(account.code, .credit)
        }
    }

    private static func sum(_ effect: Effect) throws(LedgerError) -> Balance {
        var balance = effect.slot.balance
        var (overflows, overflow) = (false, false)
        (balance.postedDebits, overflow) = balance.postedDebits.addingReportingOverflow(effect.debits)
        overflows = overflow
        (balance.postedCredits, overflow) = balance.postedCredits.addingReportingOverflow(effect.credits)
        overflows = overflows || overflow
        (balance.pendingDebits, overflow) = balance.pendingDebits.addingReportingOverflow(effect.pendingDebits)
        overflows = overflows || overflow
        (balance.pendingCredits, overflow) = balance.pendingCredits.addingReportingOverflow(effect.pendingCredits)
        guard !overflows, !overflow else { throw .amountOverflow(account: effect.slot.account.code) }
        guard balance.pendingDebits >= 0, balance.pendingCredits >= 0 else {
            throw .damaged("the holds of account \(effect.slot.account.code) are more than its pending totals")
        }
        balance.version &+= 1
        return balance
    }

    /// Within its limit, or no worse than before; promised outflow counts, promised inflow does not.
    private static func checkLimit(_ effect: Effect) throws(LedgerError) {
        let account = effect.slot.account
        guard case .overdraft(let overdraft) = account.limit else { return }
        let before = effect.slot.balance.availableWide(account.normalSide)
        let after = effect.after.availableWide(account.normalSide)
        if after < -Int128(overdraft), after < before {
            throw .limitExceeded(
                account: account.code,
                available: Money(minor: Int64(clamping: before + Int128(overdraft)), account.currency),
                needed: Money(minor: Int64(clamping: before - after), account.currency))
        }
    }

    private static func check(
        _ condition: BalanceCondition, _ slot: AccountSlot, _ effects: [Effect]
    ) throws(LedgerError) {
        let account = slot.account
        if let version = condition.version, version != slot.balance.version {
            throw .conditionFailed(
                "Account \(account.code) is at version \(slot.balance.version), not \(version): it changed since it was read.")
        }
        let balance = effects.first { $0.slot === slot }?.after ?? slot.balance
        let value =
            switch condition.measure {
            case .posted: Int128(balance.posted(account.normalSide))
            case .pending: balance.pendingWide(account.normalSide)
            case .available: balance.availableWide(account.normalSide)
            }
        let shown = Money(minor: Int64(clamping: value), account.currency)
        if let least = condition.atLeast, value < Int128(least) {
            throw .conditionFailed(
                "Account \(account.code) would have \(shown) \(condition.measure.rawValue), less than \(Money(minor: least, account.currency)).")
        }
        if let most = condition.atMost, value > Int128(most) {
            throw .conditionFailed(
                "Account \(account.code) would have \(shown) \(condition.measure.rawValue), more than \(Money(minor: most, account.currency)).")
        }
    }
}

/// Effects by account: searched in order while they are few, by index when they are many.
private struct Effects {
    var list: [Effect] = []
    private var places: [ObjectIdentifier: Int] = [:]
    private static let linearLimit = 24

    init(capacity: Int) { list.reserveCapacity(capacity) }

    mutating func of(_ slot: AccountSlot, _ change: (inout Effect) -> Void) {
        let place: Int?
        if list.count <= Self.linearLimit {
            place = list.firstIndex { $0.slot === slot }
        } else {
            if places.isEmpty {
                for (index, effect) in list.enumerated() { places[ObjectIdentifier(effect.slot)] = index }
            }
            place = places[ObjectIdentifier(slot)]
        }
        if let place { return change(&list[place]) }
        if !places.isEmpty { places[ObjectIdentifier(slot)] = list.count }
        list.append(Effect(slot))
        change(&list[list.count - 1])
    }
}
