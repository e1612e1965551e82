import Core
import Storage

/// Where the operator's alerts go, and from which figures on there is one. Kept in `system.db`.
package struct AlertSettings: Sendable, Equatable {
    package var mailHost = ""
    package var mailPort: Int64 = 587
    package var mailTLS = OutboundMail.Security.starttls
    package var mailUser = ""
    package var mailFrom = ""
    package var mailTo: [String] = []
    /// Stands at the end of each mail: whom to call.
    package var contacts = ""
    /// Of the answers of one endpoint within five minutes, 500 and above.
    package var errorPercent: Int64 = 5
    /// Fewer answers than this say nothing.
    package var errorRequests: Int64 = 20
    package var diskFreePercent: Int64 = 20
    package var memoryPercent: Int64 = 80
    /// How long after its last run a schedule that was due may be silent.
    package var automationHours: Int64 = 25

    package init() {}

    package var sendsMail: Bool { !mailHost.isEmpty && !mailFrom.isEmpty && !mailTo.isEmpty }

    static let key = "alerts"
    static let passwordKey = "alerts.mail_password"
    static let passwordContext = "system/alerts.mail_password"

    package static let schema: Schema = .object(members(required: true) + [
        .init("mail_password_set", .boolean, required: true, "Whether there is a password; it is never shown.")
    ])
    package static let input: Schema = .object(members(required: false) + [
        .init("mail_password", .nullable(.string(minLength: 1, maxLength: 1_000)), "Null takes it away.", example: .null)
    ])

    private static func members(required: Bool) -> [Schema.Member] {
        [
            .init("mail_host", .string(maxLength: 253), required: required, "The mail server; empty for no mail.", example: "mail.example.com"),
            .init("mail_port", .integer(minimum: 1, maximum: 65_535), required: required, example: 587),
            .init("mail_tls", .string(allowed: OutboundMail.Security.allCases.map(\.rawValue)), required: required),
            .init("mail_user", .string(maxLength: 200), required: required),
            .init("mail_from", .string(maxLength: 300), required: required, example: "kontor@example.com"),
            .init("mail_to", .array(.string(minLength: 3, maxLength: 300)), required: required, example: ["ops@example.com"]),
            .init("contacts", .string(maxLength: 4_000), required: required, "Stands at the end of each mail: whom to call.", example: ""),
            .init("error_percent", .integer(minimum: 1, maximum: 100), required: required, "Of an endpoint's answers in five minutes, 500 and above.", example: 5),
            .init("error_requests", .integer(minimum: 1, maximum: 1_000_000), required: required, "Fewer answers say nothing.", example: 20),
            .init("disk_free_percent", .integer(minimum: 1, maximum: 99), required: required, example: 20),
            .init("memory_percent", .integer(minimum: 1, maximum: 99), required: required, example: 80),
            .init("automation_hours", .integer(minimum: 1, maximum: 1_000), required: required, "How long a schedule that was due may be silent.", example: 25),
        ]
    }

    init(_ value: Value) {
        apply(value)
    }

    /// Takes the members that are there.
    private mutating func apply(_ value: Value) {
        mailHost = value["mail_host"]?.string ?? mailHost
        mailPort = value["mail_port"]?.int ?? mailPort
        mailTLS = value["mail_tls"]?.string.flatMap(OutboundMail.Security.init) ?? mailTLS
        mailUser = value["mail_user"]?.string ?? mailUser
        mailFrom = value["mail_from"]?.string ?? mailFrom
        mailTo = value["mail_to"]?.array?.compactMap(\.string) ?? mailTo
        contacts = value["contacts"]?.string ?? contacts
        errorPercent = value["error_percent"]?.int ?? errorPercent
        errorRequests = value["error_requests"]?.int ?? errorRequests
        diskFreePercent = value["disk_free_percent"]?.int ?? diskFreePercent
        memoryPercent = value["memory_percent"]?.int ?? memoryPercent
        automationHours = value["automation_hours"]?.int ?? automationHours
    }

    /// - Throws: 422 `mail.address_invalid`, 422 `alert.mail_host_invalid`.
    func changed(by value: Value) throws -> AlertSettings {
        var next = self
        next.apply(value)
        if !next.mailFrom.isEmpty { _ = try MailAddress(next.mailFrom) }
        for address in next.mailTo { _ = try MailAddress(address) }
        guard next.mailHost.isEmpty || Courier.isHost(next.mailHost) else {
            throw Problem(422, "alert.mail_host_invalid", "“\(next.mailHost.prefix(100))” is no name of a server.", field: "mail_host")
        }
        return next
    }

    package var value: Value {
        [
            "mail_host": .string(mailHost), "mail_port": .int(mailPort), "mail_tls": .string(mailTLS.rawValue),
            "mail_user": .string(mailUser), "mail_from": .string(mailFrom), "mail_to": .array(mailTo.map { .string($0) }),
            "contacts": .string(contacts), "error_percent": .int(errorPercent), "error_requests": .int(errorRequests),
            "disk_free_percent": .int(diskFreePercent), "memory_percent": .int(memoryPercent), "automation_hours": .int(automationHours),
        ]
    }
}
