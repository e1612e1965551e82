import CBridge
import Core

/// A compiled source file: immutable, shared by all programs that hold it.
package final class CompiledChunk: Sendable {
    /// As shown in messages: `pos/routes/sales.lua@r412`.
    package let name: String
    /// SHA-256 of the source text.
    package let hash: [UInt8]
    // A C object that never changes and counts its references atomically.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Compiles Lua text.
    /// - Parameter name: shown in messages, at most 250 bytes; never a path of this machine.
    /// - Parameter kernel: part of the prelude: it is left out where errors are located.
    /// - Throws: `ScriptFault` with verdict `.compile`, file and line: for a syntax error, bytecode, invalid UTF-8, a zero
    ///   byte, or more than 256 KiB.
    package init(_ source: [UInt8], name: String, kernel: Bool = false) throws(ScriptFault) {
        var failure = kl_failure()
        let compiled = source.withUnsafeBufferPointer { bytes in
            kl_compile(bytes.baseAddress, bytes.count, name, kernel, &failure)
        }
        guard let compiled else { throw ScriptFault(failure) }
        pointer = compiled
        self.name = name
        hash = Digest.sha256(source)
    }

    package convenience init(_ source: String, name: String, kernel: Bool = false) throws(ScriptFault) {
        try self.init(Array(source.utf8), name: name, kernel: kernel)
    }

    deinit { kl_chunk_release(pointer) }

    /// Bytes in memory.
    package var size: Int { kl_chunk_size(pointer) }
}
