import CBridge

/// One place where a chunk reads or writes a global by name.
package struct GlobalUse: Sendable, Hashable {
    package let name: String
    package let line: Int
    package let isWrite: Bool

    package init(name: String, line: Int, isWrite: Bool) {
        self.name = name
        self.line = line
        self.isWrite = isWrite
    }
}

extension CompiledChunk {
    /// The globals that the code names, in the order of their lines: so that a misspelt name is told on save. Names made at
    /// run time (`_G[name]`) are not among them.
    package var globals: [GlobalUse] {
        final class List { var uses: [GlobalUse] = [] }
        let list = List()
        let read = kl_chunk_globals(pointer, { context, use in
            guard let context, let name = use.name else { return }
            Unmanaged<List>.fromOpaque(context).takeUnretainedValue().uses.append(
                GlobalUse(name: String(cString: name), line: Int(use.line), isWrite: use.write))
        }, Unmanaged.passUnretained(list).toOpaque())
        return read ? list.uses.sorted { ($0.line, $0.name) < ($1.line, $1.name) } : []
    }
}
