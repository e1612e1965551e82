import Core
import Platform
import Storage

/// A folder on another disk where every copy is kept as well, read back after it was written.
///
/// The folder is named once and marked then, so that a disk that is not mounted is told from one that is.
struct SecondPlace {
    /// What the catalogue calls it.
    static let name = "second"
    private static let key = "backups.second_place"
    private static let mark = ".kontor-backups"

    let path: String
    private let instance: Instance

    /// Nil where none was named.
    init?(_ instance: Instance) throws {
        guard let path = try instance.system.setting(Self.key)?.string else { return nil }
        self.path = path
        self.instance = instance
    }

    /// Names the folder, or none from now on; what is there already stays.
    /// - Throws: 422 `backup.second_place_invalid`.
    static func name(_ path: String?, _ instance: Instance, actor: ActingUser) throws {
        guard let path else { return try instance.system.setSetting(key, .null, actor: actor) }
        guard path.hasPrefix("/"), path.utf8.count <= 1_000, !path.split(separator: "/").contains(".."), Files.isDirectory(path)
        else { throw invalid("It must be the absolute path of a folder that is there.") }
        guard !(path + "/").hasPrefix(instance.dataPath + "/") else {
            throw invalid("It lies in the data folder, and would be lost with it.")
        }
        do {
            try Files.writeAtomically("\(path)/\(mark)", "Copies of Kontor's databases are kept here.\n", mode: 0o600)
        } catch {
            throw invalid("It cannot be written to: \(error.reason).")
        }
        try instance.system.setSetting(key, .string(path), actor: actor)
    }

    private static func invalid(_ detail: String) -> Problem {
        Problem(422, "backup.second_place_invalid", detail, field: "second_place")
    }

    /// Nil while it can be used.
    var fault: Problem? {
        Files.exists("\(path)/\(Self.mark)")
            ? nil
            : Problem(
                503, "backup.second_place_missing",
                "The second place for copies is not there: its mark, \(Self.mark), is missing. Is the disk mounted?")
    }

    /// Copies a local copy here, reads it back and puts it into the catalogue.
    func copy(_ record: BackupRecord, actor: ActingUser) throws {
        if let fault { throw fault }
        let folder = "\(path)/\(BackupService.folder(record.tenantID))"
        try Files.createDirectory(folder, mode: 0o700)
        let target = "\(folder)/\(record.path.split(separator: "/").last ?? "")"
        try Backup.copy(record.path, digest: record.sha256, toSecondPlace: target)
        do {
            _ = try instance.system.recordBackup(
                tenantID: record.tenantID, tier: record.tier, path: target, place: Self.name, size: record.size,
                sha256: record.sha256, verifiedAt: instance.clock.now(), snapshotAt: record.snapshotAt, actor: actor)
        } catch {
            try? Files.remove(target)
            throw error
        }
    }
}
