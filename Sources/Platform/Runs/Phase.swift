/// In which situation a script runs; it decides which host functions are legal.
package enum Phase: String, Sendable, CaseIterable {
    /// A rule set's function, a default, a price, a tax category: reads, writes nothing.
    case compute
    case validate
    /// Fills in what a new record was not given.
    case defaults = "default"
    case beforeSave = "before_save"
    case afterSave = "after_save"
    case beforeDelete = "before_delete"
    /// In the transaction of a move that posts, before its effect.
    case beforePost = "before_post"
    /// In the transaction of a move that voids, before its effect.
    case beforeVoid = "before_void"
    /// An HTTP route.
    case route
    /// An HTTP route that only reads (GET).
    case read
    case job
    /// The part of a job that may wait for the outside; it writes nothing.
    case fetch
    /// After the commit of what it is told of, in a transaction of its own.
    case afterCommit = "after_commit"
    /// As after_commit, of moves that post.
    case afterPost = "after_post"
    /// As after_commit, of moves that void.
    case afterVoid = "after_void"
    case install
    case upgrade
    case uninstall
    /// The function of a migration file: reads what it fills in from.
    case migrate

    /// The phases that a hook file may name.
    static let hooks: [Phase] = [
        .defaults, .compute, .validate, .beforeSave, .afterSave, .beforeDelete, .beforePost, .beforeVoid, .afterCommit, .afterPost, .afterVoid,
        .install, .upgrade, .uninstall,
    ]
}

extension Phase {
    /// The phases of a plugin's own life.
    static let lifecycle: [Phase] = [.install, .upgrade, .uninstall]

    /// Whether what a hook changes in its record goes on.
    var changesItsRecord: Bool {
        switch self {
        case .defaults, .compute, .beforeSave, .beforePost, .beforeVoid: true
        default: false
        }
    }

    /// Whether it runs after the commit of what it is told of.
    var isAfterCommit: Bool { self == .afterCommit || self == .afterPost || self == .afterVoid }

    /// Whether it belongs to documents that are posted and voided.
    var isOfPosting: Bool { self == .beforePost || self == .afterPost || self == .beforeVoid || self == .afterVoid }
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
    static let writing = posting.union(PhaseSet(.uninstall))
    /// Where money may move and numbers may be taken.
    static let posting = PhaseSet(
        .beforeSave, .afterSave, .beforeDelete, .beforePost, .beforeVoid, .route, .job, .afterCommit, .afterPost, .afterVoid, .install, .upgrade)

    package func allows(_ phase: Phase) -> Bool { rawValue & phase.bit != 0 }

    var names: String {
        Phase.allCases.filter(allows).map(\.rawValue).joined(separator: ", ")
    }
}

extension Phase {
    /// Asked at each host call, so no list is made for it.
    fileprivate var bit: UInt32 {
        switch self {
        case .compute: 1 << 0
        case .validate: 1 << 1
        case .defaults: 1 << 2
        case .beforeSave: 1 << 3
        case .afterSave: 1 << 4
        case .beforeDelete: 1 << 5
        case .route: 1 << 6
        case .read: 1 << 7
        case .job: 1 << 8
        case .fetch: 1 << 9
        case .afterCommit: 1 << 10
        case .install: 1 << 11
        case .upgrade: 1 << 12
        case .uninstall: 1 << 13
        case .migrate: 1 << 14
        case .beforePost: 1 << 15
        case .beforeVoid: 1 << 16
        case .afterPost: 1 << 17
        case .afterVoid: 1 << 18
        }
    }
}
