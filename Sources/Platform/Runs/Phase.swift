/// In which situation a script runs; it decides which host functions are legal.
package enum Phase: String, Sendable, CaseIterable {
    /// A rule set's function, a default, a price, a tax category: reads, writes nothing.
    case compute
    case validate
    case beforeSave = "before_save"
    case afterSave = "after_save"
    case beforeDelete = "before_delete"
    /// An HTTP route.
    case route
    /// An HTTP route that only reads (GET).
    case read
    case job
    /// The part of a job that may wait for the outside; it writes nothing.
    case fetch
    /// After the commit of what it is told of, in a transaction of its own.
    case afterCommit = "after_commit"
    case install
    case upgrade
    case uninstall
    /// The function of a migration file: reads what it fills in from.
    case migrate

    /// The phases that a hook file may name.
    static let hooks: [Phase] = [.validate, .beforeSave, .afterSave, .beforeDelete, .afterCommit, .install, .upgrade, .uninstall]
}

/// A set of phases, for the legality of a host function.
package struct PhaseSet: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ phases: Phase...) {
        rawValue = phases.reduce(0) { $0 | $1.bit }
    }

    static let all = PhaseSet(rawValue: .max)
    /// Where a script may write: inside a transaction, after validation.
    static let writing = PhaseSet(.beforeSave, .afterSave, .beforeDelete, .route, .job, .afterCommit, .install, .upgrade, .uninstall)
    /// Where money may move and numbers may be taken.
    static let posting = PhaseSet(.beforeSave, .afterSave, .beforeDelete, .route, .job, .afterCommit, .install, .upgrade)

    func allows(_ phase: Phase) -> Bool { rawValue & phase.bit != 0 }

    var names: String {
        Phase.allCases.filter(allows).map(\.rawValue).joined(separator: ", ")
    }
}

extension Phase {
    fileprivate var bit: UInt32 { 1 << UInt32(Phase.allCases.firstIndex(of: self) ?? 0) }
}
