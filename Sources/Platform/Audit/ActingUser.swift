import Core

/// Who does something, from where and when: what every write leaves behind.
package struct ActingUser: Sendable, Equatable {
    /// The row in `platform_users`; 0 for the kernel itself and for an operator.
    package var id: Int64
    package var name: String
    /// Empty where there is none: scheduled work, the local socket.
    package var remoteAddress: String
    package var requestID: String
    package var at: Instant

    package init(id: Int64, name: String, remoteAddress: String = "", requestID: String = "", at: Instant) {
        self.id = id
        self.name = name
        self.remoteAddress = remoteAddress
        self.requestID = requestID
        self.at = at
    }

    /// The kernel's own hand: installs, scheduled work, the command line without a server.
    package static func service(at: Instant) -> ActingUser {
        ActingUser(id: 0, name: Principal.service.username, at: at)
    }
}

extension Call {
    /// Who makes this call, for audit rows and authorship.
    package var actingUser: ActingUser {
        ActingUser(
            id: principal.userID, name: principal.username, remoteAddress: remoteAddress, requestID: requestID, at: now)
    }
}
