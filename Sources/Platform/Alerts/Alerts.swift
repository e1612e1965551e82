import Core
import Storage
import Synchronization

/// What the operator has to know: conditions that are raised and cleared, each told once by mail until it is over.
///
/// `raise` and `clear` may be called from anywhere, also from a lane, and as often as one likes: what is known already costs a
/// look into a set. They are stored, and their mails sent, by `settle`, which the housekeeping calls every second. What was
/// noticed and not stored when the process ends is noticed again, as long as it lasts.
package final class Alerts: Sendable {
    /// What is told when one comes or goes.
    package enum News: Sendable {
        case raised(Alert.Key, detail: String)
        case cleared(Alert.Key)
        /// A mail could not be handed over.
        case mailFailed(Alert.Key, String)
    }

    private enum Change: Sendable {
        case raise(Alert.Key, String, evidence: Instant?)
        case clear(Alert.Key)
    }

    private struct State {
        /// Nil until the table was read.
        var open: Set<Alert.Key>?
        var changes: [Change] = []
        var isMailDue = true
        var tell: (@Sendable (News) -> Void)?
    }

    /// Changes that wait; more are let go, and noticed again.
    private static let mostChanges = 10_000
    private static let keptDays: Int64 = 90
    /// How long the mail of an alert that is over is still tried.
    private static let staleMailSeconds: Int64 = 86_400

    private let system: SystemStore
    private let transport: any Transport
    private let secrets: SecretBox
    private let clock: any Clock
    private let state = Mutex(State())
    /// One thread at a time settles.
    private let settling = Mutex(false)

    init(system: SystemStore, transport: any Transport, secrets: SecretBox, clock: any Clock) {
        self.system = system
        self.transport = transport
        self.secrets = secrets
        self.clock = clock
    }

    // MARK: Noticing

    /// Something is not as it should be.
    ///
    /// - Parameters:
    ///   - condition: a stable code, such as `backup.failed`.
    ///   - tenant: whose it is; nil for the installation's.
    ///   - subject: what of it, where the condition may hold for several: a job, an endpoint.
    ///   - detail: a sentence for people: what was found, and what to do.
    ///   - evidence: when it happened, of something that happened once; then nothing is raised if somebody has cleared the alert
    ///     since. Nil for a state that lasts.
    package func raise(_ condition: String, tenant: Int64? = nil, subject: String = "", _ detail: String, evidence: Instant? = nil) {
        let key = Alert.Key(condition, tenant: tenant, subject: subject)
        state.withLock { state in
            guard state.open?.contains(key) != true, state.changes.count < Self.mostChanges else { return }
            state.changes.append(.raise(key, detail, evidence: evidence))
        }
    }

    /// It is as it should be.
    package func clear(_ condition: String, tenant: Int64? = nil, subject: String = "") {
        clear(Alert.Key(condition, tenant: tenant, subject: subject))
    }

    package func clear(_ key: Alert.Key) {
        state.withLock { state in
            // What waits to be raised is cleared behind it.
            guard state.open?.contains(key) != false || !state.changes.isEmpty, state.changes.count < Self.mostChanges else { return }
            state.changes.append(.clear(key))
        }
    }

    /// The open alerts of a condition, for whoever looks which of them are over. Reads the table the first time.
    package func open(_ condition: String) throws -> [Alert.Key] {
        try loadedOpen().filter { $0.condition == condition }
    }

    /// - Parameter tell: called by `settle` and `clear(id:)`; must be quick.
    package func connect(_ tell: @escaping @Sendable (News) -> Void) { state.withLock { $0.tell = tell } }

    // MARK: Doing

    /// Stores what was noticed and sends the mails that are due. Waits for the disk and the mail server: not for lanes and
    /// connections. Nothing is thrown: what fails is tried again.
    /// - Parameter sendsMail: whether mails leave now.
    package func settle(sendsMail: Bool = true) {
        let isFree = settling.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFree else { return }
        defer { settling.withLock { $0 = false } }
        do {
            try store()
            if sendsMail { try sendDue() }
        } catch {
            return
        }
    }

    /// Stored alerts, newest first.
    package func list(before id: Int64 = .max, onlyOpen: Bool, limit: Int) throws -> [Alert] {
        try store()
        return try system.alerts(before: id, onlyOpen: onlyOpen, limit: limit)
    }

    /// Ends an alert by hand. A state that lasts is raised again the next time that it is looked at.
    /// - Throws: 404 `alert.not_found`.
    package func clear(id: Int64, actor: ActingUser) throws -> Alert {
        try store()
        let alert = try system.clearAlert(id, actor: actor)
        let tell = state.withLock { state in
            state.open?.remove(alert.key)
            return state.tell
        }
        tell?(.cleared(alert.key))
        return alert
    }

    private func loadedOpen() throws -> Set<Alert.Key> {
        if let open = state.withLock({ $0.open }) { return open }
        let stored = Set(try system.alerts(onlyOpen: true, limit: 100_000).map(\.key))
        return state.withLock { state in
            if state.open == nil { state.open = stored }
            return state.open ?? stored
        }
    }

    private func store() throws {
        guard state.withLock({ !$0.changes.isEmpty }) else { return }
        let known = try loadedOpen()
        let changes = state.withLock { state in
            defer { state.changes = [] }
            return state.changes
        }
        let news: [News]
        do {
            news = try write(changes, known)
        } catch {
            state.withLock { $0.changes = changes + $0.changes }
            throw error
        }
        let tell = state.withLock { state in
            for item in news {
                switch item {
                case .raised(let key, _):
                    state.open?.insert(key)
                    state.isMailDue = true
                case .cleared(let key): state.open?.remove(key)
                case .mailFailed: break
                }
            }
            return state.tell
        }
        for item in news { tell?(item) }
    }

    private func write(_ changes: [Change], _ known: Set<Alert.Key>) throws -> [News] {
        let now = clock.now()
        return try system.store.write { db in
            var open = known
            var news: [News] = []
            for change in changes {
                switch change {
                case .raise(let key, let detail, let evidence):
                    guard !open.contains(key), try SystemStore.raise(key, detail, evidence: evidence, at: now, db) else { continue }
                    open.insert(key)
                    news.append(.raised(key, detail: detail))
                case .clear(let key):
                    guard open.contains(key), try SystemStore.clear(key, at: now, db) else { continue }
                    open.remove(key)
                    news.append(.cleared(key))
                }
            }
            return news
        }
    }

    /// Looks for mails that wait, and forgets what was over long ago. Called every minute.
    package func look() throws {
        state.withLock { $0.isMailDue = true }
        try system.forgetAlerts(clearedBefore: clock.now().adding(seconds: -Self.keptDays * 86_400))
    }

    // MARK: Mail

    private func sendDue() throws {
        guard state.withLock({ state in
            defer { state.isMailDue = false }
            return state.isMailDue
        }) else { return }
        let settings = try settings()
        guard settings.sendsMail else { return }
        let now = clock.now()
        for alert in try system.alertsToMail(at: now) {
            if let clearedAt = alert.clearedAt, clearedAt.adding(seconds: Self.staleMailSeconds) < now {
                try system.noteMail(alert.id, .none, attempts: alert.mailAttempts, nextAt: now, error: alert.mailError)
                continue
            }
            do {
                try send(alert, settings)
                try system.noteMail(alert.id, .sent, attempts: alert.mailAttempts + 1, nextAt: now, error: nil)
            } catch let failure as OutboundFailure {
                // One minute, doubled, an hour at most.
                let wait = min(3_600, Int64(60) << Int64(min(alert.mailAttempts, 6)))
                let text = "\(failure.code): \(failure.message)"
                try system.noteMail(alert.id, .waiting, attempts: alert.mailAttempts + 1, nextAt: now.adding(seconds: wait), error: text)
                state.withLock { $0.tell }?(.mailFailed(alert.key, text))
            }
        }
    }

    private func send(_ alert: Alert, _ settings: AlertSettings) throws {
        let place = alert.key.tenantID.map { " at business \($0)" } ?? ""
        var lines = [alert.detail, "", "Condition: \(alert.key.condition)"]
        if let tenant = alert.key.tenantID { lines.append("Business: \(tenant)") }
        if !alert.key.subject.isEmpty { lines.append("Subject: \(alert.key.subject)") }
        lines.append("Since: \(alert.raisedAt)")
        if let clearedAt = alert.clearedAt { lines.append("Over since: \(clearedAt)") }
        lines += ["", "You are told once until it is over: kontor alerts lists what is open."]
        try send(subject: "\(alert.key.condition)\(place)", lines.joined(separator: "\n"), key: "alert-\(alert.id)", settings)
    }

    private func send(subject: String, _ text: String, key: String, _ settings: AlertSettings) throws {
        let from = try MailAddress(settings.mailFrom)
        let password = try password() ?? ""
        let text = settings.contacts.isEmpty ? text : text + "\n\nContacts:\n" + settings.contacts
        for to in settings.mailTo {
            let to = try MailAddress(to)
            let message = MailMessage(from: from, to: to, subject: "Kontor: \(subject)", text: Self.wrapped(text), key: key, date: clock.now())
            _ = try transport.send(
                OutboundMail(
                    host: settings.mailHost, port: Int(settings.mailPort), security: settings.mailTLS, user: settings.mailUser,
                    password: password, sender: from.address, recipient: to.address, message: message.bytes))
        }
    }

    /// Lines of at most 72 characters, where words allow it.
    private static func wrapped(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var lines = [""]
            for word in line.split(separator: " ") {
                let last = lines[lines.count - 1]
                if last.isEmpty {
                    lines[lines.count - 1] = String(word)
                } else if last.utf8.count + 1 + word.utf8.count <= 72 {
                    lines[lines.count - 1] += " \(word)"
                } else {
                    lines.append(String(word))
                }
            }
            return lines.map { $0 + "\n" }.joined()
        }.joined()
    }

    /// Sends a mail that says that mails arrive.
    /// - Throws: 409 `alert.mail_not_set`, 502 `alert.mail_failed`.
    package func sendTest() throws {
        let settings = try settings()
        guard settings.sendsMail else {
            throw Problem(409, "alert.mail_not_set", "Alerts go nowhere yet: set mail_host, mail_from and mail_to first.")
        }
        do {
            try send(subject: "test", "Alerts arrive here.", key: "alert-test-\(Random.reference())", settings)
        } catch let failure as OutboundFailure {
            throw Problem(502, "alert.mail_failed", "The mail server \(settings.mailHost) did not take it: \(failure.message)")
        }
    }

    // MARK: Settings

    package func settings() throws -> AlertSettings {
        try system.setting(AlertSettings.key).map { AlertSettings($0) } ?? AlertSettings()
    }

    /// As it is shown: with whether there is a password.
    package func shownSettings() throws -> Value {
        var object = try settings().value.object ?? Object()
        object["mail_password_set"] = .bool(try system.setting(AlertSettings.passwordKey)?.string != nil)
        return .object(object)
    }

    /// Takes the members that are there.
    /// - Throws: 422 `mail.address_invalid`, 422 `alert.mail_host_invalid`.
    package func change(_ value: Value, actor: ActingUser) throws {
        let next = try settings().changed(by: value)
        try system.setSetting(AlertSettings.key, next.value, actor: actor)
        switch value["mail_password"] {
        case .string(let password):
            let sealed = secrets.seal(password, context: AlertSettings.passwordContext)
            try system.setSetting(AlertSettings.passwordKey, .string(Base64.encode(sealed)), actor: actor)
        case .null: try system.setSetting(AlertSettings.passwordKey, .null, actor: actor)
        default: break
        }
        state.withLock { $0.isMailDue = true }
    }

    private func password() throws -> String? {
        guard let sealed = try system.setting(AlertSettings.passwordKey)?.string.flatMap(Base64.decode) else { return nil }
        return try secrets.openText(sealed, context: AlertSettings.passwordContext)
    }
}
