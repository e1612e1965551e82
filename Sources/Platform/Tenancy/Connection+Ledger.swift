import Core
import Ledger
import Storage

extension Connection {
    /// The tenant's ledger over this connection, with what its writer remembers where this is the writer.
    package func ledger(clock: any Clock) -> Ledger {
        Ledger(self, clock: clock, memory: mode == .writer ? companion { LedgerMemory() } : LedgerMemory())
    }
}
