import Core

/// One-time codes from an authenticator app: RFC 6238 with its usual figures, 30 seconds, 6 digits, SHA-1.
package enum TOTP {
    package static let stepSeconds: Int64 = 30
    package static let digits = 6

    /// The time step of an instant.
    package static func step(at instant: Instant) -> Int64 { instant.milliseconds / 1000 / stepSeconds }

    package static func code(secret: [UInt8], step: Int64, digits: Int = digits) -> String {
        let message = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let mac = SHA1.hmac(key: secret, message)
        let offset = Int(mac[19] & 0x0F)
        let number =
            UInt32(mac[offset] & 0x7F) << 24 | UInt32(mac[offset + 1]) << 16 | UInt32(mac[offset + 2]) << 8
            | UInt32(mac[offset + 3])
        let modulus = (0..<digits).reduce(UInt32(1)) { product, _ in product * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// The step whose code this is: the present one or a neighbour, as clocks differ, and later than `lastStep`, as a code
    /// works once. Nil when it is none.
    package static func verify(_ code: String, secret: [UInt8], at instant: Instant, after lastStep: Int64) -> Int64? {
        let present = step(at: instant)
        var found: Int64?
        for step in [present - 1, present, present + 1] {
            if constantTimeEquals(TOTP.code(secret: secret, step: step), code), step > lastStep { found = step }
        }
        return found
    }

    /// What an authenticator app reads from a QR code.
    package static func uri(secret: [UInt8], account: String, issuer: String) -> String {
        "otpauth://totp/\(escape(issuer)):\(escape(account))?secret=\(base32(secret))&issuer=\(escape(issuer))"
    }

    /// RFC 4648 without padding.
    package static func base32(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var text: [UInt8] = []
        var buffer: UInt32 = 0
        var held: UInt32 = 0
        for byte in bytes {
            buffer = (buffer << 8 | UInt32(byte)) & 0xFFFF
            held += 8
            while held >= 5 {
                held -= 5
                text.append(alphabet[Int(buffer >> held & 31)])
            }
        }
        if held > 0 { text.append(alphabet[Int(buffer << (5 - held) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
            if isPlain {
                result.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                result += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return result
    }
}
