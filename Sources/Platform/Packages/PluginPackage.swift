import Core
import Scripting

/// One version of a plugin, read and checked: its declarations as values, its code compiled. Immutable; tenants with the
/// same plugins share it.
package final class PluginPackage: Sendable {
    package let manifest: Manifest
    /// SHA-256 over the paths and contents of its files, in hex.
    package let hash: String
    package let recordTypes: [RecordType]
    /// Fields that it adds to record types of others.
    package let recordAdditions: [RecordAddition]
    package let routes: [RouteDeclaration]
    package let hooks: [HookDeclaration]
    package let contracts: [Contract]
    package let jobs: [JobDeclaration]
    package let migrations: [MigrationFile]
    package let reports: [ReportDeclaration]
    package let dashboards: [DashboardDeclaration]
    package let notifications: [NotificationDeclaration]
    /// All modules that its code may require: its own, and the `lib` modules of what it depends on.
    package let modules: [String: CompiledChunk]

    package var name: String { manifest.name }

    /// - Parameters:
    ///   - files: path inside the plugin's folder (`records/sale.lua`) to text.
    ///   - dependencies: the packages that it may depend on, read before it.
    /// - Throws: `ScriptFault` for what does not compile or run, `DeclarationError` for what says the wrong thing, 422
    ///   `plugin.dependency` for what is missing.
    package init(files: [String: [UInt8]], dependencies: [PluginPackage]) throws {
        let manifest = try Manifest(files: files)
        self.manifest = manifest
        hash = Self.hash(files)
        let name = manifest.name

        var modules: [String: CompiledChunk] = [:]
        for (needed, range) in manifest.dependencies {
            guard let package = dependencies.first(where: { $0.name == needed }) else {
                throw Problem(422, "plugin.dependency", "\(name) needs the plugin \(needed) \(range), which is not installed.")
            }
            guard package.manifest.fits(range) else {
                throw Problem(422, "plugin.dependency", "\(name) needs \(needed) \(range); \(package.manifest.version) is installed.")
            }
        }
        for (needed, _) in manifest.dependencies + manifest.optional {
            for package in dependencies where package.name == needed {
                for (module, chunk) in package.modules where module.hasPrefix("\(needed).lib.") { modules[module] = chunk }
            }
        }
        var declared: [(folder: String, module: String, file: String)] = []
        for path in files.keys.sorted() where path.hasSuffix(".lua") && path != "plugin.lua" {
            let folder = path.split(separator: "/").first.map(String.init) ?? ""
            guard path.split(separator: "/").count == 2, folder != "tests", folder != "rules" else { continue }
            let module = "\(name).\(path.dropLast(4).replacing("/", with: "."))"
            let file = "\(name)/\(path)"
            modules[module] = try CompiledChunk(files[path] ?? [], name: file)
            declared.append((folder, module, file))
        }
        self.modules = modules

        var recordTypes: [RecordType] = []
        var recordAdditions: [RecordAddition] = []
        var routes: [RouteDeclaration] = []
        var hooks: [HookDeclaration] = []
        var contracts: [Contract] = []
        var migrations: [MigrationFile] = []
        var jobs: [JobDeclaration] = []
        var reports: [ReportDeclaration] = []
        var dashboards: [DashboardDeclaration] = []
        var notifications: [NotificationDeclaration] = []
        for (folder, module, file) in declared where folder != "lib" {
            let program = Program(base: HostAPI.base, modules: modules, entry: module)
            let value = try program.describe()
            switch folder {
            case "records":
                let declaration = try Declaration(value, file: file)
                recordAdditions += try RecordAddition.all(declaration, plugin: name)
                if declaration.value("type") == nil, declaration.value("add_to") != nil {
                    try declaration.finish()
                } else {
                    recordTypes.append(try RecordType(declaration, plugin: name, program: program))
                }
            case "routes": routes.append(try RouteDeclaration(value, plugin: name, file: file, program: program))
            case "hooks":
                let hook = try HookDeclaration(value, plugin: name, hash: hash, file: file, program: program)
                try Self.checkEvent(hook, manifest)
                hooks.append(hook)
            case "contracts": contracts.append(try Contract(value, file: file, program: program))
            case "migrations":
                let source = files[String(file.dropFirst(name.utf8.count + 1))] ?? []
                let migration = try MigrationFile(value, plugin: name, file: file, source: source, program: program)
                if let other = migrations.first(where: { $0.number == migration.number }) {
                    throw DeclarationError(file: file, field: "", message: "has the number of \(other.file)")
                }
                migrations.append(migration)
            case "notifications": notifications.append(try NotificationDeclaration(value, plugin: name, file: file))
            case "jobs":
                let job = try JobDeclaration(value, plugin: name, file: file, program: program, manifest: manifest)
                if let other = jobs.first(where: { $0.id == job.id }) {
                    throw DeclarationError(file: file, field: "id", message: "is “\(job.id)”, as in \(other.file) already")
                }
                jobs.append(job)
            case "reports":
                let report = try ReportDeclaration(value, plugin: name, file: file)
                if let other = reports.first(where: { $0.id == report.id }) {
                    throw DeclarationError(file: file, field: "id", message: "is that of \(other.file) already")
                }
                reports.append(report)
            case "dashboards": dashboards.append(try DashboardDeclaration(value, plugin: name, file: file))
            default:
                throw DeclarationError(file: file, field: "", message: "is in a folder that is not known: there are records, routes, hooks, jobs, notifications, reports, dashboards, contracts, migrations, lib and tests")
            }
        }
        for (job, _) in manifest.slices where !jobs.contains(where: { $0.id == job }) {
            throw DeclarationError(file: "\(name)/plugin.lua", field: "budgets.job:\(job)", message: "is for a job that the plugin does not have")
        }
        self.recordTypes = recordTypes
        self.recordAdditions = recordAdditions
        self.routes = routes
        self.hooks = hooks
        self.contracts = contracts
        self.migrations = migrations
        self.jobs = jobs
        self.reports = reports
        self.dashboards = dashboards
        self.notifications = notifications
    }

    /// Events are for the plugin itself and for those that depend on it.
    private static func checkEvent(_ hook: HookDeclaration, _ manifest: Manifest) throws(DeclarationError) {
        guard hook.on.hasPrefix("event:") else { return }
        let teller = hook.on.dropFirst("event:".count).split(separator: ".").first.map(String.init) ?? ""
        guard teller == manifest.name || manifest.dependencies.contains(where: { $0.name == teller }) else {
            throw DeclarationError(
                file: hook.file, field: "on", message: "is “\(hook.on)”, an event of \(teller), which the manifest's depends does not name")
        }
    }

    package static func hash(_ files: [String: [UInt8]]) -> String {
        var digest = SHA256()
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            digest.update(Array("\(path.utf8.count):\(path):\(bytes.count):".utf8))
            digest.update(bytes)
        }
        return Hex.encode(digest.finalize())
    }
}
