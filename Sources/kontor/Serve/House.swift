import Core
import Platform
import Scripting
import Server
import Storage

/// An installation opened in this process: its data, and the application that answers for it.
final class House {
    let instance: Instance
    let application: Application

    /// - Throws: `storage.…` when another process holds the data folder or it cannot be opened.
    init(
        data: String, home: String, configuration: InstanceConfiguration = InstanceConfiguration(),
        operatorHosts: [String] = [], files: StaticFiles? = nil, log: LogWriter? = nil
    ) throws {
        guard try ScriptThread.run({ Sandbox.isIntact }) else {
            throw Problem(
                500, "script.sandbox",
                "Scripts could reach more, or less, than the list that this program was built with: it serves nothing. Is it another Lua?")
        }
        instance = try Instance.open(data: data, home: home, configuration: configuration)
        var settings = Application.Configuration()
        settings.version = Tool.version
        if !operatorHosts.isEmpty { settings.operatorHosts = Set(operatorHosts) }
        application = Application(instance, settings, files: files, log: log)
    }

    /// The installation, or nil when another process holds it.
    static func openIfFree(data: String, home: String) throws -> House? {
        do {
            return try House(data: data, home: home)
        } catch StorageError.dataFolderLocked {
            return nil
        }
    }

    /// Asks the API in this process, as the operator or as the kernel's own hand at a business.
    func perform(
        _ method: String, _ target: String, at place: API.Place, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws -> (status: Int, body: [UInt8]) {
        guard let method = Endpoint.Method(rawValue: method) else { throw UsageError("\(method) is not a method") }
        let tenant: Tenant? = switch place {
        case .operator: nil
        case .tenant(let domain): try instance.directory.tenant(host: domain)
        }
        let answer = application.perform(method, target, tenant: tenant, headers: headers, body: body)
        return (answer.status, answer.body)
    }

    /// Ends everything; nothing may be asked afterwards.
    func close() {
        application.stop()
        instance.close()
    }
}
