extension HostReference {
    /// The words of tests: only test files have them.
    package static let testing: [HostEntry] = structure + world + driving + expectations + evidence

    private static func word(_ signature: String, _ summary: String, _ example: String) -> HostEntry {
        HostEntry(signature, summary, calls: [], example: example)
    }

    private static let structure: [HostEntry] = [
        word("describe(name: string, body: function)", "Groups tests; before_each and after_each inside hold for them only.", "describe(\"tasks\", function() it(\"are none\", function() expect(record.count(\"docs.task\", {})):equals(0) end) end)"),
        word("it(name: string, body: function)", "One test: it runs in a savepoint of its own on a copy of the business, and leaves nothing behind.", "it(\"adds up\", function() expect(1 + 1):equals(2) end)"),
        word("before_each(body: function)", "Runs before each test of the group.", "before_each(function() clock.at(\"2026-02-28\") end)"),
        word("after_each(body: function)", "Runs after each test of the group.", "after_each(function() expect_balanced() end)"),
        word("pending(name: string)", "A test that is still to be written.", "pending \"refuses a second till\""),
        word(
            "cases(list: table)", "One test for each { name, given =, expect = }: run(given) must give every field of expect.",
            "cases {\n  run = function(given) return { sum = given.a + given.b } end,\n  { \"adds\", given = { a = 1, b = 2 }, expect = { sum = 3 } },\n}"),
        word(
            "property(name: string, ...)", "A law: generators, then a function that gets one value of each; 100 generated cases, and a failure tells the case.",
            "property(\"halves add up\", gen.amount(), function(amount)\n  local parts = amount:split(2)\n  expect(parts[1] + parts[2]):equals(amount)\nend)"),
    ]

    private static let world: [HostEntry] = [
        word("given.record(type: string, values?: table): Record", "Makes a record whoever may, and gives it as it is stored.", "expect(given.record(\"docs.task\", { title = \"Sweep\" }).title):equals(\"Sweep\")"),
        word("fixture(name: string): table", "Makes the records of fixtures/NAME.json, { \"TYPE\": [ {…} ] }; gives them by type.", "expect(#fixture(\"shelf\")[\"docs.task\"]):equals(2)"),
        word("clock.at(time: string)", "Sets the date, nine o'clock, or the instant. Schedules are due from here on.", "clock.at(\"2026-02-28\")\nexpect(date.today()):equals(\"2026-02-28\")"),
        word("clock.advance(span: table)", "Goes on by { days, hours, minutes, months }.", "clock.at(\"2026-01-31\")\nclock.advance { months = 1 }\nexpect(date.today()):equals(\"2026-02-28\")"),
        word("random.seed(number: integer)", "Begins chance anew.", "random.seed(7)\nlocal first = math.random(1000)\nrandom.seed(7)\nexpect(math.random(1000)):equals(first)"),
        word("as_user(who: string | table)", "From here on somebody with this role asks, or with { permissions, roles, branches = codes }.", "as_user { permissions = {} }\nexpect_reject { http = 403 } (function() call(\"GET\", \"/api/docs-tasks\") end)"),
        word("in_branch(code: string, values?: table): table", "The branch with this code, made where it is not there; values are name and business_type.", "expect(in_branch(\"N-1\", { name = \"North\" }).name):equals(\"North\")"),
        word("on_till(code: string): table", "The till with this code at the branch of the last in_branch, else of the first one, made where it is not there: id, code, name, branch.", "in_branch \"N-1\"\nexpect(on_till(\"2\").code):equals(\"2\")"),
        word("with_settings(values: table)", "Settings of the plugin under test.", "with_settings { greeting = \"Hi\" }\nexpect(settings.get(\"greeting\")):equals(\"Hi\")"),
        word(
            "http.stub(options: table)",
            "What http.request gets from whom: match is \"GET https://api.example.com/v1/*\", or a URL for every method; reply is { status, headers, body or json }, or { error, message } where nobody answers. Of several that fit the last one holds. A call that nobody stubs makes the test fail.",
            "http.stub { match = \"GET https://api.example.com/*\", reply = { json = { rate = \"1.10\" } } }\nrun_job \"rates\"\nexpect(record.find(\"docs.task\", {}).title):equals(\"1.10\")"),
        word("secret.stub(name: string, value: string)", "Gives a secret of the plugin a value in this test; the business's own are not there.", "secret.stub(\"api_token\", \"s3cret\")\nexpect(#secret.sign(\"api_token\", \"text\")):equals(64)"),
        word("device.fake(name: string): table", "A device that takes what is sent to it: \"printer\"; its printed() lists { text or base64, till, branch, key }.", "local printer = device.fake \"printer\"\nprint.raw { text = \"Hello\", till = 1 }\nexpect(printer:printed()[1].text):equals(\"Hello\")"),
        word("gen.integer(least?: integer, most?: integer): function", "For property: whole numbers, 0 to 1,000,000.", "expect(gen.integer(3, 3)()):equals(3)"),
        word("gen.amount(most?: string): function", "For property: money from 0, small amounts as often as large ones.", "expect(gen.amount(\"1.00\")() <= money \"1.00\"):is_true()"),
        word("gen.decimal(least: integer, most: integer, places?: integer): function", "For property: exact numbers, with two places.", "expect(tostring(gen.decimal(2, 2)())):equals(\"2\")"),
        word("gen.date(from: string, to: string): function", "For property: dates, both ends included.", "expect(gen.date(\"2026-01-01\", \"2026-01-01\")()):equals(\"2026-01-01\")"),
        word("gen.one_of(list: table): function", "For property: an element of a list.", "expect(gen.one_of { \"a\" } ()):equals(\"a\")"),
        word("gen.list(element: function, most?: integer): function", "For property: up to ten elements.", "expect(#gen.list(gen.integer(), 3)() <= 3):is_true()"),
    ]

    private static let driving: [HostEntry] = [
        word("call(method: string, path: string, body?: table): table", "Asks as a user would: schema, permission, hooks and all. Gives status and body; what a refused call did is undone.", "expect(call(\"POST\", \"/api/docs-tasks\", { title = \"Sweep\" }).status):equals(201)"),
        word("post(doc: Record, note?: string): Record", "Posts a document as the test's user: the move that its type declares with post = true, its permission and hooks.", "local order = post(given.record(\"docs.order\", { title = \"A-1\" }))\nexpect(order.status):equals(\"POSTED\")"),
        word("void(doc: Record, note?: string): Record", "Voids a posted document: the move with void = true.", "local order = void(post(given.record(\"docs.order\", { title = \"A-1\" })))\nexpect(order.status):equals(\"VOIDED\")"),
        word("run_job(id: string, args?: table): table", "Runs a job with all its steps, fetch included, by the test's clock. Raises where a step fails; gives state, steps, done, total, log.", "expect(run_job(\"nightly\").state):equals(\"done\")"),
        word("run_due(): table[]", "Does all that is due by the test's clock: hooks after the commit, queued jobs, schedules whose time came since the clock was set. Raises where something failed; gives job and state of each.", "job.enqueue \"nightly\"\nexpect(run_due()[1].job):equals(\"docs.nightly\")"),
        word("replay(name: string): table", "Decides again what rules decided once: the recording fixtures/NAME.json that `kontor rules replay` wrote, or a record of this business, \"pos.sale/17\". Fails where something else comes out.", "expect(replay(\"recorded\").replayed):equals(1)"),
    ]

    private static let expectations: [HostEntry] = [
        word("expect(value: any): expectation", "What is said of a value follows behind a colon.", "expect(#\"abc\"):equals(3)"),
        word("expectation:equals(wanted: any)", "Deeply equal: tables by their contents, money by amount and currency.", "expect({ 1, { a = money \"1.00\" } }):equals({ 1, { a = money \"1.00\" } })"),
        word("expectation:differs_from(other: any)", "Anything but this.", "expect(1):differs_from(2)"),
        word("expectation:near(wanted: any, tolerance: any)", "At most so far away.", "expect(money \"5.00\"):near(money \"5.02\", money \"0.05\")"),
        word("expectation:matches(pattern: string)", "Text that fits a Lua pattern.", "expect(\"abc\"):matches(\"^a.c$\")"),
        word("expectation:contains(part: any)", "A part of a text, or an element of a list; of a table as element the named fields.", "expect({ { id = 1, name = \"a\" } }):contains({ id = 1 })"),
        word("expectation:money(text: string)", "An amount, \"120.00 GHS\" or in the tenant's currency; of minor units too.", "expect(1250):money(\"12.50\")"),
        word("expectation:is_nil()", "Nothing.", "expect(nil):is_nil()"),
        word("expectation:is_true()", "Exactly true.", "expect(1 < 2):is_true()"),
        word("expectation:is_false()", "Exactly false.", "expect(1 > 2):is_false()"),
        word("expect_reject(wanted: table): function", "Runs the function that follows and wants it to be refused with these members: code, field, http.", "expect_reject { code = \"docs.no\" } (function() reject { code = \"docs.no\" } end)"),
        word("expect_entry(lines: table): table", "Wants an entry with exactly these lines among those of this test: { account, debit = or credit = }, in any order.", "ledger.post { lines = { { account = \"1000\", debit = money \"1.00\" }, { account = \"3000\", credit = money \"1.00\" } } }\nexpect_entry { { \"1000\", debit = \"1.00\" }, { \"3000\", credit = \"1.00\" } }"),
        word("expect_balanced()", "Wants debits to equal credits in the whole book.", "expect_balanced()"),
        word(
            "expect_effect(wanted: table): table",
            "Wants something of this kind to have been sent in this test: \"http\" (what was asked of stubs too), \"mail\", \"message\" or \"print\". The named members are the same; of text, html, subject and body they are a part. Gives the effect.",
            "mail.send { to = \"ada@example.com\", subject = \"Ready\", text = \"Your order 7 is ready.\" }\nexpect_effect { kind = \"mail\", to = \"ada@example.com\", text = \"order 7\" }"),
        word("expect_no_effects()", "Wants that nothing was sent in this test.", "expect_no_effects()"),
    ]

    private static let evidence: [HostEntry] = [
        word("expect_rule(contract: string): rule", "Wants that a rule set of this contract had a say in the last call or job, or in what the test did since.", "rules.get(\"docs.fees\").late_fee(31)\nexpect_rule(\"docs.fees\"):version(1):at(\"late_fee\"):value(money \"10.00\")"),
        word("rule:version(wanted: integer | string): rule", "The version that had a say: 3, or \"Rules/fees/standard.lua@3\".", "rules.get(\"docs.fees\")\nexpect_rule(\"docs.fees\"):version(1)"),
        word("rule:at(path: string): rule", "The function that was called, or the value that stands, at this place of the file.", "rules.get(\"docs.fees\")\nexpect_rule(\"docs.fees\"):at(\"grace_days\"):value(3)"),
        word("rule:value(wanted: any): rule", "What it gave; money may be written \"5.00 GHS\".", "rules.get(\"docs.fees\").late_fee(1)\nexpect_rule(\"docs.fees\"):value(\"5.00 GHS\")"),
        word("expect_trace(wanted: table)", "Wants that these were noted by trace.note: { label = value }.", "trace.note(\"days\", 3)\nexpect_trace { days = 3 }"),
        word(
            "expect_budget(limits: table): function",
            "Wants what the last call or job used, or the test where there was none, below limits: instructions, queries, rows (read), rows_written, host_calls, memory (bytes), as \"<1M\" or \"<=3\". With a function behind it: what that one uses.",
            "expect_budget { instructions = \"<1M\", queries = \"<=1\" } (function() record.count(\"docs.task\", {}) end)"),
    ]
}
