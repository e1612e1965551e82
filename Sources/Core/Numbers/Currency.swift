/// A currency: its code and how many digits its amounts have after the point.
///
/// One machine word: five bits a letter, then the exponent. Two currencies are equal when both agree.
package struct Currency: Hashable, Sendable {
    private let packed: UInt64

    /// An ISO 4217 currency by its three-letter code.
    /// - Throws: `MoneyError.unknownCurrency` when the table has no such code.
    package init(_ code: String) throws(MoneyError) {
        guard let known = Self.table[code] else { throw .unknownCurrency(code) }
        self = known
    }

    /// A currency of one's own, such as loyalty points.
    /// - Parameter code: 3 to 8 capital letters.
    /// - Parameter exponent: digits after the point, 0...6.
    package init(code: String, exponent: Int) throws(MoneyError) {
        guard (3...8).contains(code.utf8.count), code.utf8.allSatisfy({ (0x41...0x5A).contains($0) }),
            (0...6).contains(exponent)
        else { throw .unknownCurrency(code) }
        self.init(checked: code, exponent)
    }

    private init(checked code: some StringProtocol, _ exponent: Int) {
        packed = code.utf8.reduce(0) { $0 << 5 | UInt64($1 - 0x40) } << 3 | UInt64(exponent)
    }

    package var exponent: Int { Int(packed & 7) }

    package var code: String {
        String(unsafeUninitializedCapacity: codeLength) { buffer in
            writeCode(to: UnsafeMutableRawBufferPointer(buffer))
            return codeLength
        }
    }

    /// How many letters the code has, 3 to 8.
    package var codeLength: Int { (64 - (packed >> 3).leadingZeroBitCount + 4) / 5 }

    /// Writes the code's letters without making a String; `buffer` has room for `codeLength` bytes.
    package func writeCode(to buffer: UnsafeMutableRawBufferPointer) {
        var letters = packed >> 3
        for index in (0..<codeLength).reversed() {
            buffer[index] = UInt8(truncatingIfNeeded: letters & 31) + 0x40
            letters >>= 5
        }
    }

    /// The currency with a code of 3 to 8 capital letters and an exponent of 0 to 6; nil for anything else.
    package init?(utf8 code: UnsafeRawBufferPointer, exponent: Int) {
        guard (3...8).contains(code.count), (0...6).contains(exponent) else { return nil }
        var letters: UInt64 = 0
        for byte in code {
            guard (0x41...0x5A).contains(byte) else { return nil }
            letters = letters << 5 | UInt64(byte - 0x40)
        }
        packed = letters << 3 | UInt64(exponent)
    }

    /// Minor units in one whole unit: 100 for two digits.
    package var minorPerUnit: Int64 { Int64(PowerOfTen.of(exponent)) }

    /// The usual symbol, such as "GH₵"; the code when there is none.
    package var symbol: String { Self.symbols[code] ?? code }

    /// What the smallest unit is called, such as "pesewa"; nil when it has no name of its own here.
    package var minorName: String? { Self.minorNames[code] }

    /// Every code of the table, in alphabetical order.
    package static var all: [Currency] { table.values.sorted { $0.code < $1.code } }
}

extension Currency: CustomStringConvertible {
    package var description: String { code }
}

// MARK: Tables

extension Currency {
    private static let table: [String: Currency] = {
        var table: [String: Currency] = [:]
        for (exponent, codes) in iso4217 {
            for code in codes.split(separator: " ") {
                table[String(code)] = Currency(checked: code, exponent)
            }
        }
        return table
    }()

    /// Active codes of ISO 4217 with their exponents, and the few retired ones (ANG, BGN, CUC, HRK, SLL,
    /// ZWL) that books of recent years still hold. Metals, funds and test codes are not money here.
    private static let iso4217: [(exponent: Int, codes: String)] = [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (
            2,
            """
            AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
            CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL \
            GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR \
            LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB \
            PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP \
            SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL
            """
        ),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ]

    private static let symbols: [String: String] = [
        "AUD": "A$", "BRL": "R$", "CAD": "CA$", "CHF": "CHF", "CNY": "CN¥", "EGP": "E£", "EUR": "€", "GBP": "£",
        "GHS": "GH₵", "HKD": "HK$", "ILS": "₪", "INR": "₹", "JPY": "¥", "KES": "KSh", "KRW": "₩", "MXN": "MX$",
        "NGN": "₦", "NZD": "NZ$", "PHP": "₱", "RWF": "FRw", "THB": "฿", "TRY": "₺", "TZS": "TSh", "UAH": "₴",
        "UGX": "USh", "USD": "$", "VND": "₫", "XAF": "FCFA", "XOF": "CFA", "ZAR": "R", "ZMW": "ZK",
    ]

    private static let minorNames: [String: String] = [
        "AUD": "cent", "BRL": "centavo", "CAD": "cent", "CHF": "centime", "CNY": "fen", "EGP": "piastre",
        "EUR": "cent", "GBP": "penny", "GHS": "pesewa", "HKD": "cent", "ILS": "agora", "INR": "paisa",
        "KES": "cent", "KWD": "fils", "MXN": "centavo", "NGN": "kobo", "NZD": "cent", "PHP": "sentimo",
        "SAR": "halala", "THB": "satang", "TRY": "kurus", "TZS": "cent", "UAH": "kopiyka", "USD": "cent",
        "ZAR": "cent", "ZMW": "ngwee",
    ]
}
