import Core

/// What the events about holds say, so that holds and pending totals can be made again from nothing.
enum HoldEvents {
    static func write(_ new: NewHold, _ lines: [LineRecord], to json: inout JSONWriter) {
        json.member("kind", new.kind)
        json.member("effective_on", new.effectiveOn.description)
        json.member("expires_at", new.expiresAt?.description)
        json.member("source_type", new.source?.type)
        json.optional("source_id", new.source?.id)
        json.key("lines")
        json.beginArray()
        for line in lines {
            json.beginObject()
            json.member("account_id", line.account)
            json.member("debit", line.debit)
            json.member("credit", line.credit)
            json.optional("branch_id", line.branch)
            json.member("dimensions", line.dimensions)
            json.endObject()
        }
        json.endArray()
    }

    static func write(entry: Int64, _ lines: [CaptureLine], isFinal: Bool, to json: inout JSONWriter) {
        json.member("entry", entry)
        json.member("final", isFinal)
        json.key("lines")
        json.beginArray()
        for line in lines {
            json.beginObject()
            json.member("line", Int64(line.line))
            json.member("amount", line.amount)
            json.endObject()
        }
        json.endArray()
    }

    static func captured(_ payload: Value) -> [CaptureLine] {
        (payload["lines"]?.array ?? []).compactMap { line in
            guard let number = line["line"]?.int, let amount = line["amount"]?.int else { return nil }
            return CaptureLine(line: Int(number), amount: amount)
        }
    }
}
