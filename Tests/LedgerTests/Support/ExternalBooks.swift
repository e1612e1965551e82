import Core
import Foundation
import Testing

@testable import Ledger

/// The books as three programs read them that others wrote.
struct ExternalBooks {
    let book: Book

    init(_ book: Book) {
        self.book = book
    }

    struct Files {
        let hledger: String
        let ledger: String
        let beancount: String
        let body: String
        let head: String
    }

    func write(_ day: CalendarDate) throws -> Files {
        func file(_ name: String, _ body: (@escaping ([UInt8]) throws -> Void) throws -> Void) throws -> String {
            var bytes: [UInt8] = []
            try body { bytes += $0 }
            let path = book.folder + "/" + name
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return path
        }
        return try book.read { ledger in
            let body = try file("body.journal") { try ledger.exportBody(through: day, sink: $0) }
            return Files(
                hledger: try file("h.journal") { try ledger.exportJournal(.hledger, through: day, sink: $0) },
                ledger: try file("l.journal") { try ledger.exportJournal(.ledger, through: day, sink: $0) },
                beancount: try file("b.beancount") { try ledger.exportJournal(.beancount, through: day, sink: $0) }, body: body,
                head: try file("head.beancount") {
                    try $0(Array("plugin \"beancount.plugins.auto_accounts\"\ninclude \"body.journal\"\n".utf8))
                })
        }
    }

    /// All three take the books and their assertions up to that day.
    func check(through day: CalendarDate) throws {
        let files = try write(day)
        try run("hledger", "-f", files.hledger, "check", "-s", "ordereddates")
        try run("ledger", "--pedantic", "-f", files.ledger, "bal")
        try run("bean-check", "-C", files.beancount)
    }

    @discardableResult
    func run(_ tool: String, _ arguments: String..., fails: Bool = false) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": book.folder]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect((process.terminationStatus != 0) == fails, "\(tool): \(complaint.prefix(500))")
        return text
    }
}
