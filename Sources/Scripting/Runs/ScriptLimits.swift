import CBridge

/// What one run may use. A run inside a run spends what is left of the one around it.
package struct ScriptLimits: Sendable, Equatable {
    /// VM instructions, and charges for work in library and host functions.
    package var steps: UInt64
    /// CPU time of the thread.
    package var cpuMilliseconds: UInt32
    /// Wall time, host calls included.
    package var wallMilliseconds: UInt32
    /// Bytes beyond those of the loaded program.
    package var memory: Int
    package var hostCalls: UInt32
    package var logBytes: UInt32
    /// Bytes of the result, of one host call's arguments, and of one host call's results.
    package var resultBytes: UInt32
    /// Values in one result or one argument list.
    package var nodes: UInt32

    package init(
        steps: UInt64, cpuMilliseconds: UInt32, wallMilliseconds: UInt32, memory: Int, hostCalls: UInt32 = 2_000,
        logBytes: UInt32 = 64 << 10, resultBytes: UInt32 = 1 << 20, nodes: UInt32 = 10_000
    ) {
        self.steps = steps
        self.cpuMilliseconds = cpuMilliseconds
        self.wallMilliseconds = wallMilliseconds
        self.memory = memory
        self.hostCalls = hostCalls
        self.logBytes = logBytes
        self.resultBytes = resultBytes
        self.nodes = nodes
    }

    /// One request on the lane, all hooks included.
    package static let request = ScriptLimits(
        steps: 5_000_000, cpuMilliseconds: 100, wallMilliseconds: 250, memory: 16 << 20)
    /// GET routes, reports, the `fetch` part of jobs.
    package static let read = ScriptLimits(
        steps: 50_000_000, cpuMilliseconds: 2_000, wallMilliseconds: 5_000, memory: 64 << 20, hostCalls: 20_000,
        nodes: 100_000)
    /// One turn of a job on the lane.
    package static let job = ScriptLimits(
        steps: 5_000_000, cpuMilliseconds: 20, wallMilliseconds: 50, memory: 16 << 20)
    /// Scans, weighings and other events of a till.
    package static let till = ScriptLimits(
        steps: 2_000_000, cpuMilliseconds: 20, wallMilliseconds: 50, memory: 8 << 20)
    /// Reading the declarations of a file.
    package static let describe = ScriptLimits(
        steps: 1_000_000, cpuMilliseconds: 200, wallMilliseconds: 1_000, memory: 16 << 20, hostCalls: 0,
        nodes: 100_000)

    /// What is left of these limits for the next run of the same request.
    package func remaining(after usage: Usage) -> ScriptLimits {
        var left = self
        left.steps -= min(left.steps, usage.steps)
        left.cpuMilliseconds -= min(left.cpuMilliseconds, UInt32(clamping: usage.cpuNanoseconds / 1_000_000))
        left.wallMilliseconds -= min(left.wallMilliseconds, UInt32(clamping: usage.nanoseconds / 1_000_000))
        left.hostCalls -= min(left.hostCalls, usage.hostCalls)
        left.logBytes -= min(left.logBytes, usage.logBytes)
        return left
    }

    /// What the running script of this thread has left; nil outside of a run.
    package static var current: ScriptLimits? {
        let left = kl_remaining()
        guard left.result_bytes > 0 else { return nil }
        return ScriptLimits(left)
    }

    init(_ limits: kl_limits) {
        self.init(
            steps: limits.steps, cpuMilliseconds: UInt32(clamping: limits.cpu_nanoseconds / 1_000_000),
            wallMilliseconds: UInt32(clamping: limits.wall_nanoseconds / 1_000_000), memory: Int(clamping: limits.memory),
            hostCalls: limits.host_calls, logBytes: limits.log_bytes, resultBytes: limits.result_bytes,
            nodes: limits.nodes)
    }

    var bridged: kl_limits {
        kl_limits(
            steps: steps, cpu_nanoseconds: UInt64(cpuMilliseconds) * 1_000_000,
            wall_nanoseconds: UInt64(wallMilliseconds) * 1_000_000, memory: UInt64(max(0, memory)), host_calls: hostCalls,
            log_bytes: logBytes, result_bytes: resultBytes, nodes: nodes)
    }
}

/// What one run used. `steps` is the same for each repetition of a run; the times are not.
package struct Usage: Sendable, Equatable {
    package var steps: UInt64 = 0
    /// Wall time.
    package var nanoseconds: UInt64 = 0
    /// CPU time, host calls included; of runs that hardly computed at most half a millisecond.
    package var cpuNanoseconds: UInt64 = 0
    /// Peak of bytes beyond those of the loaded program.
    package var memory: Int = 0
    package var hostCalls: UInt32 = 0
    package var logBytes: UInt32 = 0
    /// The program had to be loaded for this run.
    package var loaded = false

    package init() {}

    init(_ usage: kl_usage) {
        steps = usage.steps
        nanoseconds = usage.nanoseconds
        cpuNanoseconds = usage.cpu_nanoseconds
        memory = Int(clamping: usage.memory)
        hostCalls = usage.host_calls
        logBytes = usage.log_bytes
        loaded = usage.built
    }

    package static func + (left: Usage, right: Usage) -> Usage {
        var sum = left
        sum.steps += right.steps
        sum.nanoseconds += right.nanoseconds
        sum.cpuNanoseconds += right.cpuNanoseconds
        sum.memory = max(left.memory, right.memory)
        sum.hostCalls += right.hostCalls
        sum.logBytes += right.logBytes
        sum.loaded = left.loaded || right.loaded
        return sum
    }
}
