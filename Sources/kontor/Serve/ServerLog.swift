import Core
import Platform
import Server

/// The server's log: a file in the data folder that begins anew when it is large, or standard error.
struct ServerLog: Sendable {
    let writer: LogWriter
    /// nil for standard error.
    private let path: String?
    private static let largest: Int64 = 64 << 20

    /// - Parameter path: nil for `DATA/log/kontor.log`, `-` for standard error.
    init(_ path: String?, data: String) throws {
        if path == "-" {
            self.path = nil
            writer = try LogWriter(to: .standardError)
            return
        }
        if path == nil {
            try Files.createDirectory(data, mode: 0o700)
            try Files.createDirectory(data + "/log", mode: 0o700)
        }
        let file = path.map(Paths.absolute) ?? data + "/log/kontor.log"
        self.path = file
        writer = try LogWriter(to: .file(file))
    }

    /// Keeps the former file beside the new one, as `kontor.log.1`.
    func beginAnewIfLarge() throws {
        guard let path, try Files.size(path) > Self.largest else { return }
        try Files.rename(path, to: path + ".1")
        try writer.reopen()
    }

    func maintained(_ run: MaintenanceRun) {
        writer.write(run.result == .failed ? .error : .info, "maintenance.\(run.result.rawValue)") { json in
            json.member("tenant", run.tenantID)
            json.member("bytes_before", run.bytesBefore)
            json.member("bytes_after", run.bytesAfter)
            json.member("indexes_rebuilt", run.indexesRebuilt)
            if !run.detail.isEmpty { json.member("detail", run.detail) }
        }
    }

    func failed(_ what: String, tenant: Int64?, _ error: any Error) {
        var members = [("error", String(describing: error))]
        if let tenant { members.append(("tenant", String(tenant))) }
        writer.write(.error, "housekeeping.\(what)_failed", members)
    }
}
