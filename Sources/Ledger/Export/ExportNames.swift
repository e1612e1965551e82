import Core

/// What accounts are called in plain-text accounting: "Assets:1200-Receivables:Customer-17".
///
/// Source: the common ground of hledger, ledger and beancount: the first part is one of five words, each further part
/// starts with a capital or a digit and holds letters, digits and hyphens.
struct ExportNames {
    private var names: [Int64: String] = [:]

    init(_ accounts: [Account]) {
        var parts: [String: String] = [:]
        var taken: Set<String> = []
        // Parents come before their sub-accounts: their code is a prefix.
        for account in accounts.sorted(by: { $0.code < $1.code }) {
            let codes = account.code.split(separator: ":")
            let isSubaccount = codes.count > 1
            // A sub-account's name may be a person's, so only its key is shown.
            var part = Self.part(String(codes.last ?? "") + (isSubaccount ? "" : "-" + account.name))
            let parent = codes.dropLast().joined(separator: ":")
            let prefix = isSubaccount ? parts[parent] ?? Self.root(account.kind) + ":" + Self.part(parent) : Self.root(account.kind)
            if !taken.insert((prefix + ":" + part).lowercased()).inserted {
                part += "-\(account.id)"
                taken.insert((prefix + ":" + part).lowercased())
            }
            parts[account.code] = prefix + ":" + part
            names[account.id] = prefix + ":" + part
        }
    }

    subscript(account: Int64) -> String { names[account] ?? "Equity:Unknown-\(account)" }

    private static func root(_ kind: AccountKind) -> String {
        switch kind {
        case .asset: "Assets"
        case .liability: "Liabilities"
        case .equity: "Equity"
        case .revenue: "Income"
        case .expense: "Expenses"
        }
    }

    private static func part(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: bytes.append(byte)
            default: if bytes.last != UInt8(ascii: "-") { bytes.append(UInt8(ascii: "-")) }
            }
        }
        while bytes.first == UInt8(ascii: "-") { bytes.removeFirst() }
        while bytes.last == UInt8(ascii: "-") { bytes.removeLast() }
        if let first = bytes.first, (0x61...0x7A).contains(first) { bytes[0] = first - 0x20 }
        return bytes.isEmpty ? "X" : String(decoding: bytes, as: UTF8.self)
    }

    /// In quotes, without what any of the three would read as something else.
    static func narration(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "'"
            case ";": result += ","
            case "|", "\\": result += "/"
            default: result.unicodeScalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
            }
        }
        return result
    }
}
