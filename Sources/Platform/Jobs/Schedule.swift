import Core

/// When a job runs by itself, and with what: a rule set of the kernel's own contract `schedule`, so that an administrator
/// edits it while the house is open; or what the job's own declaration says, where no file names the job.
package struct Schedule: Sendable {
    /// The rule set's id; of a job's own schedule the job's name.
    package let id: String
    /// `pos.nightly`
    package let job: String
    package let cron: CronLine
    package let arguments: Object
    package let isEnabled: Bool
    /// Where it is written.
    package let path: String

    package static let contract: Contract = {
        func field(_ name: String, _ kind: FieldDeclaration.Kind, _ summary: String, required: Bool = false, fallback: Value? = nil) -> FieldDeclaration {
            var field = FieldDeclaration(name: name, kind: kind)
            field.required = required
            field.summary = summary
            field.fallback = fallback
            return field
        }
        return Contract(
            id: "schedule", title: "Schedule", key: "id", fallback: nil,
            fields: [
                field("id", .text, "The schedule's name: a job may have several.", required: true),
                field("job", .text, "The job, with its plugin: pos.nightly. The cron line that it declares itself counts no longer.", required: true),
                field("cron", .text, "When it is due, in the business's time zone: minute, hour, day, month, weekday.", required: true),
                field("args", .object, "What the job gets as its arguments."),
                field("enabled", .boolean, "Whether it runs.", fallback: .bool(true)),
            ])
    }()

    package init(id: String, job: String, cron: CronLine, arguments: Object = Object(), isEnabled: Bool = true, path: String) {
        self.id = id
        self.job = job
        self.cron = cron
        self.arguments = arguments
        self.isEnabled = isEnabled
        self.path = path
    }

    /// - Parameter values: as `Contract.read` gives them.
    init(_ values: Object, file: String) throws(DeclarationError) {
        let id = values["id"]?.string ?? ""
        guard !id.isEmpty, id.utf8.count <= 100, !id.contains("@") else {
            throw DeclarationError(file: file, field: "id", message: "must have 1 to 100 characters and no @")
        }
        let cron: CronLine
        do throws(CalendarError) {
            cron = try CronLine(values["cron"]?.string ?? "")
        } catch {
            throw DeclarationError(file: file, field: "cron", message: error.cronReason)
        }
        self.init(
            id: id, job: values["job"]?.string ?? "", cron: cron, arguments: values["args"]?.object ?? Object(),
            isEnabled: values["enabled"]?.bool ?? true, path: file)
    }
}

extension Revision {
    /// What is due by itself in this revision, by id. Files that name a job which is not installed wait for it.
    static func schedules(_ sets: [RuleSet], _ plugins: InstalledPlugins) -> [Schedule] {
        let written = sets.compactMap(\.content.schedule).filter { plugins.jobs[$0.job] != nil }
        let overridden = Set(written.map(\.job))
        let own = plugins.jobs.values.compactMap { job -> Schedule? in
            guard let cron = job.cron, !overridden.contains(job.name) else { return nil }
            return Schedule(id: job.name, job: job.name, cron: cron, path: job.file)
        }
        return (written + own).sorted { $0.id < $1.id }
    }
}

extension InstalledPlugins {
    /// What a rule file of one of the kernel's contracts says of plugins, checked when it is written: later the plugin may go.
    func check(_ content: RuleContent, path: String, source: [UInt8]) throws(DeclarationError) {
        func wrong(_ field: String, _ message: String) -> DeclarationError {
            DeclarationError(
                file: path, field: field, message: message, line: LuaPlaces(source).line(of: field))
        }
        if let template = content.template {
            guard let notification = notifications[content.key] else {
                let known = notifications.keys.sorted().joined(separator: ", ")
                throw wrong("id", "is “\(content.key)”, which no plugin declares as a notification; there are \(known.isEmpty ? "none" : known)")
            }
            if let fault = notification.fault(in: template) { throw wrong(fault.field, fault.message) }
        }
        guard let schedule = content.schedule, jobs[schedule.job] == nil else { return }
        let known = jobs.keys.sorted().joined(separator: ", ")
        throw wrong("job", "is “\(schedule.job)”, which no plugin declares; there are \(known.isEmpty ? "none" : known)")
    }
}
