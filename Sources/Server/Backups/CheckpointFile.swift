import Core
import Ledger
import Platform

/// The checkpoints of a tenant's chain that lie outside its database, one JSON object a line, in `DATA/checkpoints/`: who can
/// write the database alone cannot make another history look right.
///
/// One is taken with each copy, and when a month is closed or locked.
struct CheckpointFile {
    private let instance: Instance
    private let tenant: Tenant

    init(_ instance: Instance, _ tenant: Tenant) {
        self.instance = instance
        self.tenant = tenant
    }

    private var folder: String { "\(instance.dataPath)/checkpoints" }
    private var path: String { "\(folder)/\(tenant.id).jsonl" }

    /// Signs where the chain stands, in the database and here. Waits for the disk.
    func take() throws -> Checkpoint {
        let key = instance.keys.signing
        let clock = instance.clock
        let checkpoint = try tenant.store.write { db in try db.ledger(clock: clock).checkpoint(sign: key) }
        try keep(checkpoint)
        return checkpoint
    }

    /// Puts one that is in the database here too; it is on disk on return.
    func keep(_ checkpoint: Checkpoint) throws {
        try Files.createDirectory(folder, mode: 0o700)
        // A line that a power cut left half written must not spoil the next.
        let isTorn = Files.exists(path) ? try Files.read(path).last ?? 0x0A != 0x0A : false
        try Files.append(path, (isTorn ? [0x0A] : []) + checkpoint.json + [0x0A], mode: 0o600, sync: true)
    }

    /// What is to be compared with the books. To be read before the transaction in which that is done begins: one that is taken
    /// meanwhile tells of entries that the transaction does not see, and would look like a tail that was cut off.
    func newest() throws -> Newest {
        guard Files.exists(path) else { return .none }
        let lines = try Files.read(path).split(separator: 0x0A)
        for line in lines.reversed() {
            if let checkpoint = try? Checkpoint(json: Array(line)) { return .checkpoint(checkpoint) }
        }
        return lines.isEmpty ? .none : .unreadable
    }

    enum Newest {
        case none
        case checkpoint(Checkpoint)
        case unreadable
    }

    /// What in the books does not fit it.
    func problems(_ ledger: Ledger, against newest: Newest) throws -> [VerifyProblem] {
        switch newest {
        case .none: []
        case .checkpoint(let checkpoint): try ledger.verify(against: checkpoint, signedBy: instance.keys.signing.verifyingKey)
        case .unreadable: [VerifyProblem(.checkpoint, "checkpoints/\(tenant.id).jsonl", "None of its lines reads as a checkpoint.")]
        }
    }
}
