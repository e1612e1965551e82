import Core
import Ledger
import Platform

/// The checkpoints of a tenant's chain that lie outside its database, one JSON object a line, in `DATA/checkpoints/`: who can
/// write the database alone cannot make another history look right.
struct CheckpointFile {
    private let instance: Instance
    private let tenant: Tenant

    init(_ instance: Instance, _ tenant: Tenant) {
        self.instance = instance
        self.tenant = tenant
    }

    private var path: String { "\(instance.dataPath)/checkpoints/\(tenant.id).jsonl" }

    /// Signs where the chain stands, in the database and here. Waits for the disk.
    func take() throws -> Checkpoint {
        let key = instance.keys.signing
        let clock = instance.clock
        let checkpoint = try tenant.store.write { db in try db.ledger(clock: clock).checkpoint(sign: key) }
        try Files.createDirectory("\(instance.dataPath)/checkpoints", mode: 0o700)
        try Files.append(path, checkpoint.json + [0x0A])
        return checkpoint
    }

    /// The newest one; nil when there is none.
    func newest() throws -> Checkpoint? {
        guard Files.exists(path) else { return nil }
        let lines = try Files.read(path).split(separator: 0x0A)
        return try lines.last.map { try Checkpoint(json: Array($0)) }
    }

    /// What does not fit the newest one.
    func problems(_ ledger: Ledger) throws -> [VerifyProblem] {
        guard let newest = try newest() else { return [] }
        return try ledger.verify(against: newest, signedBy: instance.keys.signing.verifyingKey)
    }
}
