extension HostReference {
    static let facts: [HostEntry] = [
        HostEntry("tenant.id: integer", "The tenant's number.", calls: ["tenant.facts"], example: "assert(tenant.id > 0)"),
        HostEntry("tenant.name: string", "The business's name.", calls: ["tenant.facts"], example: "assert(#tenant.name > 0)"),
        HostEntry("tenant.currency: string", "ISO 4217 code of the currency of its books.", calls: ["tenant.facts"], example: "assert(#tenant.currency == 3)"),
        HostEntry(
            "tenant.currency_exponent: integer", "How many decimal places that currency has.", calls: ["tenant.facts"],
            example: "assert(tenant.currency_exponent == 2)"),
        HostEntry("tenant.country: string", "ISO 3166 code of its country.", calls: ["tenant.facts"], example: "assert(#tenant.country == 2)"),
        HostEntry("tenant.time_zone: string", "The time zone of its business dates.", calls: ["tenant.facts"], example: "assert(#tenant.time_zone > 0)"),
        HostEntry(
            "tenant.sandbox: boolean", "Whether it is a place to try things out, nobody's business.", calls: ["tenant.facts"],
            example: "assert(tenant.sandbox == false)"),
        HostEntry(
            "branch.find(key: string | integer): table?",
            "The branch with this code or id, or nil: id, code, name, business_type, active. Read once in a run.",
            example: "assert(branch.find(\"ACC-01\").name == \"Accra\")"),
        HostEntry(
            "branch.get(key: string | integer): table", "As find, and raises where there is none.", calls: ["branch.find"],
            example: "assert(branch.get(\"ACC-01\").active)"),
        HostEntry("branch.list(): table[]", "All branches, by code.", example: "assert(#branch.list() >= 1)"),
        HostEntry(
            "user.current(): table", "Who makes the request: id, username, roles.",
            example: "assert(user.current().username ~= nil)"),
        HostEntry(
            "user.find(id: integer): table?", "The user with this id, or nil: id, username, name. 0 is the kernel's own hand, and nobody.",
            example: "assert(user.find(0) == nil)"),
        HostEntry(
            "user.can(permission: string): boolean", "Whether the user holds a permission.",
            example: "if not user.can(\"catalog.edit\") then reject { code = \"shop.not_allowed\", http = 403 } end"),
        HostEntry(
            "user.has_role(role: string): boolean", "Whether the user has a role. Prefer permissions: roles are the admin's to arrange.",
            example: "local is_manager = user.has_role(\"manager\")\nassert(type(is_manager) == \"boolean\")"),
        HostEntry(
            "user.is_member(branch: integer): boolean", "Whether the user works at the branch with this id.",
            example: "assert(type(user.is_member(branch.get(\"ACC-01\").id)) == \"boolean\")"),
        HostEntry(
            "settings.get(key: string, place?: table): any",
            "A setting of this plugin: the till's, else the branch's, else the tenant's, else as the manifest declares it. Place: { branch = id, till = id }.",
            example: "assert(settings.get(\"greeting\") == \"Hello\")"),
    ]

    static let dates: [HostEntry] = [
        HostEntry("date.today(): string", "The tenant's business date, \"2026-01-31\".", example: "assert(#date.today() == 10)"),
        HostEntry(
            "date.now(): string", "The time of the request, UTC, \"2026-01-31T09:30:00.000Z\". The same throughout the request.",
            example: "assert(date.now() == date.now())"),
        HostEntry(
            "date.add(date: string, span: table): string", "The date after { days =, months = }, whole numbers; months first, the day clamped to the month.",
            example: "assert(date.add(\"2026-01-31\", { months = 1 }) == \"2026-02-28\")"),
        HostEntry("date.diff(from: string, to: string): integer", "Days from one date to the other.", example: "assert(date.diff(\"2026-01-01\", \"2026-01-31\") == 30)"),
        HostEntry(
            "date.parse(date: string): table", "The parts of a date: year, month, day, weekday (1 is Monday).",
            example: "assert(date.parse(\"2026-01-05\").weekday == 1)"),
    ]

    static let texts: [HostEntry] = [
        HostEntry("text.width(text: string): integer", "How many characters it has.", calls: [], example: "assert(text.width(\"Café\") == 4)"),
        HostEntry("text.cut(text: string, count: integer): string", "Its first characters.", calls: [], example: "assert(text.cut(\"Café\", 3) == \"Caf\")"),
        HostEntry(
            "text.pad(text: string, count: integer, side?: string): string", "Filled up with spaces on the right, or on the left with \"left\".", calls: [],
            example: "assert(text.pad(\"7\", 3, \"left\") == \"  7\")"),
        HostEntry("text.center(text: string, count: integer): string", "In the middle of so many columns.", calls: [], example: "assert(text.center(\"ab\", 6) == \"  ab\")"),
    ]

    static let refusals: [HostEntry] = [
        HostEntry(
            "reject(refusal: table)",
            "Refuses the request: all that it did is rolled back, and the caller gets code, field and message. http is from 400 to 499, 422 if left out; params goes along.",
            calls: [],
            example: """
                local ok, refusal = pcall(reject, { code = "shop.closed", message = "The shop is closed." })
                assert(not ok and refusal.code == "shop.closed")
                """),
        HostEntry(
            "problems(): table", "Collects refusals: add{ code, field, message }, count(), and raise(), which refuses with all of them at once or does nothing.",
            calls: [],
            example: """
                local list = problems()
                if 1 > 2 then list:add { code = "shop.odd", field = "number" } end
                list:raise()
                """),
    ]

    static let logs: [HostEntry] = ["debug", "info", "warn", "error"].map { level in
        HostEntry(
            "log.\(level)(message: string, fields?: table)", "Tells the plugin's authors, with structured fields; at most 1,000 lines a request.",
            example: "log.\(level)(\"Counted\", { drawer = 2 })")
    }

    static let traces: [HostEntry] = [
        HostEntry(
            "trace.note(label: string, value: any)",
            "Notes how a result came about, within the 64 KiB of a request's log: shown by the console, by a test that fails, in a job's history, and with the record that the request made.",
            example: "trace.note(\"tier\", \"gold\")")
    ]
}
