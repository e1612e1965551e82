import Core

/// What a password must be.
package enum PasswordPolicy {
    package static let shortest = 8
    /// In bytes: the hash takes any length, the request does not.
    package static let longest = 256

    /// - Throws: 422 `password.too_short`, `password.too_long`, `password.too_common`, `password.like_username`.
    package static func check(_ password: String, username: String, email: String?, field: String = "password") throws(Problem) {
        guard password.unicodeScalars.count >= shortest else {
            throw Problem(422, "password.too_short", "A password has at least \(shortest) characters.", field: field)
        }
        guard password.utf8.count <= longest else {
            throw Problem(422, "password.too_long", "A password has at most \(longest) bytes.", field: field)
        }
        let plain = password.lowercased()
        let names = [username, email, email.map { String($0.prefix { $0 != "@" }) }].compactMap { $0 }
        guard !names.contains(where: { $0.lowercased() == plain }) else {
            throw Problem(422, "password.like_username", "The password must not be the user's name.", field: field)
        }
        guard !common.contains(plain), Set(plain.unicodeScalars).count > 2 else {
            throw Problem(422, "password.too_common", "This password is among the first that are tried; choose another.", field: field)
        }
    }

    /// Of eight characters or more: shorter ones are refused anyway.
    private static let common: Set<String> = Set(
        """
        password password1 password12 password123 password1234 passw0rd passw0rd1 p@ssw0rd p@ssword p@ssword1 pa55word
        12345678 123456789 1234567890 0123456789 0987654321 87654321 987654321 11223344 12341234 123123123 147258369
        123654789 147852369 abcd1234 abc12345 abcdefgh abcdefg1 1234abcd a1b2c3d4 1q2w3e4r 1q2w3e4r5t 1qaz2wsx qazwsxedc
        1qazxsw2 zaq12wsx qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 asdfghjk asdfghjkl zxcvbnm1 q1w2e3r4 iloveyou
        iloveyou1 sunshine sunshine1 princess princess1 football football1 baseball baseball1 basketball superman batman123
        trustno1 starwars whatever computer internet michelle jennifer welcome1 welcome123 welcome12 letmein1 letmein123
        admin123 admin1234 administrator root1234 changeme changeme1 changeme123 default1 secret123 testtest test1234
        testing123 temp1234 guest123 manager1 cashier1 monkey123 dragon123 master123 shadow123 charlie1 liverpool chelsea1
        arsenal1 manchester ghana123 accra123 london123 kontor123 summer2025 winter2025 spring2025 autumn2025 summer2026
        winter2026 january2026 december2025 company1 business1 blink182 corvette mercedes samsung1 nokia123 google123
        facebook1 mustang1 jordan23 aa123456 a1234567 q1234567 abc123456 qwe123456 1a2b3c4d asd12345 zxc12345 pass1234
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
