import Core
import Foundation
import Platform
import Testing

@Suite struct MailMessageTests {
    private func message(subject: String = "Hello", text: String = "One\nTwo") throws -> MailMessage {
        MailMessage(
            from: try MailAddress("Acme Shop <shop@acme.test>"), to: try MailAddress("ada@example.com"), subject: subject, text: text, key: "k1",
            date: try Instant("2026-01-05T09:30:00Z"))
    }

    @Test func `a plain mail is plain`() throws {
        let expected = """
            Date: Mon, 05 Jan 2026 09:30:00 +0000
            From: Acme Shop <shop@acme.test>
            To: <ada@example.com>
            Subject: Hello
            Message-ID: <k1@acme.test>
            Auto-Submitted: auto-generated
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 7bit

            One
            Two

            """
        #expect(String(decoding: try message().bytes, as: UTF8.self) == expected.replacing("\n", with: "\r\n"))
    }

    /// Another implementation reads what was written: Python's e-mail package.
    @Test func `another reader finds everything that was put in`() throws {
        let subject = "Rechnung für “Grüße & Söhne” — ¥ 1.000 " + String(repeating: "läng", count: 40)
        var mail = try message(subject: subject, text: "Zeile mit Ümlaut\n" + String(repeating: "x", count: 2_000) + "\n.dot\n")
        mail.html = "<p>Grüße</p>"
        mail.replyTo = try MailAddress("\"Doe, Jane\" <jane@acme.test>")
        mail.attachments = [
            .init(name: "Beleg Nr. 1 – März.pdf", type: "application/pdf", bytes: (0...255).map { UInt8($0) }),
            .init(name: "../../evil\r\nX: y\"", type: "no type", bytes: [1]),
        ]
        let reader = """
            import email, email.policy, json, sys
            m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
            b = m.get_body(("plain",)).get_content(); h = m.get_body(("html",)).get_content()
            a = [[p.get_filename(), p.get_content_type(), list(p.get_payload(decode=True))] for p in m.iter_attachments()]
            r = m["Reply-To"].addresses[0]
            print(json.dumps([m["Subject"], b, h, a, r.display_name, r.addr_spec, m["Message-ID"], sorted(m.keys()), [str(d) for d in m.defects]]))
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", reader]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        input.fileHandleForWriting.write(Data(mail.bytes))
        try input.fileHandleForWriting.close()
        let read = try JSON.parse([UInt8](output.fileHandleForReading.readDataToEndOfFile()))
        process.waitUntilExit()
        #expect(read.array?[0] == .string(subject))
        #expect(read.array?[1].string?.replacing("\r\n", with: "\n") == mail.text)
        #expect(read.array?[2].string?.trimmingCharacters(in: .whitespacesAndNewlines) == "<p>Grüße</p>")
        let attachments = try #require(read.array?[3].array)
        #expect(attachments[0].array?[0] == "Beleg Nr. 1 – März.pdf" && attachments[0].array?[1] == "application/pdf")
        #expect(attachments[0].array?[2].array?.count == 256)
        #expect(attachments[1].array?[0].string?.contains("/") == false && attachments[1].array?[1] == "application/octet-stream")
        #expect(read.array?[4] == "Doe, Jane" && read.array?[5] == "jane@acme.test" && read.array?[6] == "<k1@acme.test>")
        #expect(read.array?[7] == [
            "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Reply-To", "Subject", "To",
        ])
        #expect(read.array?[8] == [])
        let lines = String(decoding: mail.bytes, as: UTF8.self).components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 100 })
    }

    @Test func `nothing that somebody writes becomes a header`() throws {
        let bytes = try message(subject: "x\r\nBcc: evil@example.com", text: "a").bytes
        #expect(!String(decoding: bytes, as: UTF8.self).contains("\r\nBcc"))
        for text in ["a@b\r\nBcc: c@d.test", "a b@c.test", "@c.test", "a@", "a@b@c", "Evil\n <a@b.test>", "<a@b.test", "", "a@b.test, c@d.test"] {
            #expect(throws: Problem.self, "\(text)") { try MailAddress(text) }
        }
    }
}
