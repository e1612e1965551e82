import CBridge
import Core

/// A function of the host as scripts know it. `id` comes back in `ScriptHost.call`.
package struct HostFunction: Sendable, Hashable {
    package let module: String
    package let name: String
    package let id: Int
    /// Scripts see it as `module.name` unless the prelude installs a global of that module itself.
    package let exposed: Bool

    package init(_ module: String, _ name: String, id: Int, exposed: Bool = true) {
        self.module = module
        self.name = name
        self.id = id
        self.exposed = exposed
    }
}

/// What all programs of one kind stand on: host functions and the prelude, which shapes the world that scripts see.
package final class ScriptBase: Sendable {
    // A C object that never changes and counts its references atomically.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// The prelude's chunks run in this order when a state is built, each called with the table `kernel`.
    /// A fault in them shows when the first program runs.
    package init(functions: [HostFunction], prelude: [CompiledChunk] = []) {
        let strings = CStrings()
        let hosts = functions.map {
            kl_host_function(
                module: strings.add($0.module), name: strings.add($0.name), id: UInt32($0.id), exposed: $0.exposed)
        }
        let modules = prelude.map { kl_module(name: strings.add($0.name), chunk: $0.pointer) }
        // What the C structures point to must live until the bridge has copied and retained it.
        let base = withExtendedLifetime((strings, prelude)) { kl_base_new(hosts, hosts.count, modules, modules.count) }
        guard let base else { preconditionFailure("out of memory") }
        pointer = base
    }

    deinit { kl_base_release(pointer) }
}

/// An entry module and the modules that it may require, by the names that `require` uses.
///
/// Immutable and without any state of a tenant, so it may be shared by all that run the same files. The first run on a
/// thread loads it (tens of microseconds); later ones start from an image (a fraction of one).
package final class Program: Sendable {
    package let entry: String
    // A C object that never changes and counts its references atomically.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// - Parameter entry: must be a key of `modules`.
    package init(base: ScriptBase, modules: [String: CompiledChunk], entry: String) {
        precondition(modules[entry] != nil, "the entry module is not among the modules")
        let strings = CStrings()
        let list = modules.map { kl_module(name: strings.add($0.key), chunk: $0.value.pointer) }
        let program = withExtendedLifetime((strings, modules, base)) { kl_program_new(base.pointer, list, list.count, entry) }
        guard let program else { preconditionFailure("out of memory") }
        pointer = program
        self.entry = entry
    }

    /// A program of one file.
    package convenience init(base: ScriptBase, _ chunk: CompiledChunk) {
        self.init(base: base, modules: [chunk.name: chunk], entry: chunk.name)
    }

    deinit { kl_program_release(pointer) }
}

/// Zero-terminated copies that live as long as this does.
private final class CStrings {
    private var copies: [UnsafeMutablePointer<CChar>] = []

    func add(_ text: String) -> UnsafePointer<CChar> {
        let bytes = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        _ = bytes.withUnsafeBufferPointer { UnsafeMutableBufferPointer(start: copy, count: bytes.count).update(from: $0) }
        copies.append(copy)
        return UnsafePointer(copy)
    }

    deinit { for copy in copies { copy.deallocate() } }
}
