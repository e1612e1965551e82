import Core

/// What the machine has left, for alerts and health. Tests put others in their place.
package struct MachineFigures: Sendable {
    package struct Memory: Sendable, Equatable {
        /// Bytes that cannot be had back by dropping caches.
        package let used: Int64
        /// What the process may use: its control group's limit, or the machine's memory.
        package let total: Int64

        package init(used: Int64, total: Int64) {
            self.used = used
            self.total = total
        }
    }

    package var space: @Sendable (_ path: String) -> Files.Space?
    package var memory: @Sendable () -> Memory?

    package init(
        space: @escaping @Sendable (String) -> Files.Space? = { try? Files.space($0) },
        memory: @escaping @Sendable () -> Memory? = { MachineFigures.memory() }
    ) {
        self.space = space
        self.memory = memory
    }

    /// - Parameter root: where `/sys` and `/proc` are, for tests.
    package static func memory(root: String = "") -> Memory? {
        let machine = machine("\(root)/proc/meminfo")
        for (limit, usage, statistics) in [
            ("memory.max", "memory.current", "memory.stat"),
            ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
        ] {
            let folder = "\(root)/sys/fs/cgroup"
            guard let total = number("\(folder)/\(limit)"), let used = number("\(folder)/\(usage)") else { continue }
            // A group without a limit says "max", or a number that no machine has.
            if let machine, total >= machine.total { break }
            let lines = (try? Files.text("\(folder)/\(statistics)"))?.split(separator: "\n") ?? []
            let cached = lines.first { $0.hasPrefix("inactive_file ") || $0.hasPrefix("total_inactive_file ") }
            return Memory(used: max(0, used - (cached.flatMap { Int64($0.split(separator: " ")[1]) } ?? 0)), total: total)
        }
        return machine
    }

    private static func number(_ path: String) -> Int64? {
        guard Files.exists(path), let text = try? Files.text(path) else { return nil }
        return Int64(text.split(separator: "\n").first ?? "")
    }

    private static func machine(_ path: String) -> Memory? {
        guard let text = try? Files.text(path) else { return nil }
        func kibibytes(_ name: String) -> Int64? {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int64($0) }
        }
        guard let total = kibibytes("MemTotal"), let available = kibibytes("MemAvailable"), total > 0 else { return nil }
        return Memory(used: (total - available) << 10, total: total << 10)
    }
}
