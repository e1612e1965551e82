import Core

/// What the events about accounts say, so that their rows can be made again from nothing.
enum AccountEvents {
    static func write(_ account: Account, nameDigest: [UInt8], to json: inout JSONWriter) {
        json.member("code", account.code)
        json.member("name_digest", Digest.hex(nameDigest))
        json.member("kind", account.kind.rawValue)
        json.member("normal_side", account.normalSide.rawValue)
        json.member("currency", account.currency.code)
        json.member("exponent", Int64(account.currency.exponent))
        json.optional("parent_id", account.parentID)
        json.member("is_control", account.isControl)
        json.optional("overdraft", account.limit.overdraftMinor)
        json.member("opened_on", account.openedOn?.description)
    }
}

extension JSONWriter {
    mutating func optional(_ name: String, _ number: Int64?) {
        key(name)
        if let number { int(number) } else { null() }
    }
}
