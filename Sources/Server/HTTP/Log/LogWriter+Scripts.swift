import Core
import Platform

extension LogWriter {
    /// A line that a script logged: `{"event":"script.log","tenant":…,"plugin":…,"run":…,"message":…,"fields":…}`.
    func write(_ line: ScriptLog.Line) {
        let level: LogLevel = switch line.level {
        case "debug": .debug
        case "warn": .warning
        case "error": .error
        default: .info
        }
        write(level, "script.log") { json in
            json.member("tenant", line.tenantID)
            if let plugin = line.plugin { json.member("plugin", plugin) }
            json.member("run", line.run)
            json.member("message", line.message)
            if line.fields != .null { json.member("fields", value: line.fields) }
        }
    }
}
