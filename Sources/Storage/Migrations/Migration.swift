import Core

/// One step forward of a database's schema. Untouched once it was released.
package struct Migration: Sendable {
    package enum Body: Sendable {
        case sql(String)
        /// - Parameter version: changes when what the closure does changes.
        case swift(version: Int, @Sendable (Connection) throws -> Void)
    }

    /// Who numbers it: "ledger", "platform", "plugin:pos". A room whose name has a colon may be missing from the binary.
    package let room: String
    /// Rising within its room, from 1.
    package let number: Int
    package let name: String
    package let body: Body
    /// Foreign keys are off while it runs and checked at its end, as replacing a table needs it.
    package let rebuildsTables: Bool

    package init(room: String, number: Int, name: String, sql: String, rebuildsTables: Bool = false) {
        self.init(room: room, number: number, name: name, body: .sql(sql), rebuildsTables: rebuildsTables)
    }

    package init(room: String, number: Int, name: String, body: Body, rebuildsTables: Bool = false) {
        self.room = room
        self.number = number
        self.name = name
        self.body = body
        self.rebuildsTables = rebuildsTables
    }

    /// Of what it does, so that a migration that was changed after its release is found out.
    package var checksum: String {
        switch body {
        case .sql(let text): Digest.hex(Digest.sha256(text))
        case .swift(let version, _): Digest.hex(Digest.sha256("swift \(room) \(number) \(version)"))
        }
    }
}
