extension HostReference {
    static let jobs: [HostEntry] = [
        HostEntry(
            "job.enqueue(name: string, args?: table, options?: table): integer",
            "Queues a job of this plugin in this transaction and gives its id. Options: key (the same is queued once; gives the first one's id), delay in seconds, priority from -100 to 100.",
            example: "local id = job.enqueue(\"nightly\", { day = date.today() }, { key = \"nightly:\" .. date.today() })\nassert(id > 0)"),
        HostEntry("job.cancel(id: integer): boolean", "Ends a job of this plugin that waits or runs; false when it is over.", example: "job.cancel(job.enqueue(\"nightly\"))"),
        HostEntry(
            "job.current(): table", "The job that runs: id, name, attempt (from 1); of a schedule's also schedule and scheduled_for, the time it was due, UTC.",
            errors: ["script.phase"], example: "assert(job.current().attempt >= 1)"),
        HostEntry(
            "job.status(name: string): table",
            "How a job of this plugin stands: schedules = { { id, cron, enabled, next_due } }, those of the business's own rule files in place of the declaration's; open, how many wait or run; last, its last run, and last_failure, each { id, job_id, started_at, finished_at, duration_ms, processed, errors, result, error } or nil.",
            example: "local status = job.status(\"nightly\")\nassert(#status.schedules == 0 and status.last == nil)"),
        HostEntry("job.progress(done: integer, total?: integer)", "How far the job is; kept with the step.", errors: ["script.phase"], example: "job.progress(1, 10)"),
        HostEntry(
            "job.checkpoint(value: any)", "Keeps a value with the job, at most 64 KiB, for later steps and attempts; kept with the step.", errors: ["script.phase"],
            example: "job.checkpoint({ last = 7 })"),
        HostEntry("job.resume(): any", "The value of the last checkpoint, or nil.", errors: ["script.phase"], example: "local seen = job.resume() or { last = 0 }\nassert(seen.last >= 0)"),
        HostEntry(
            "event.emit(name: string, payload?: any)",
            "Tells the hooks on \"event:name\" after the commit, once each. The name begins with the plugin's own; those hear it who depend on the plugin.",
            example: "event.emit(\"docs.opened\", { day = date.today() })"),
    ]

    static let effects: [HostEntry] = [
        HostEntry(
            "http.request(options: table): table?, table?",
            "Asks somebody outside and waits; only in the fetch of a job. Options: method, url, headers, body or json, timeout in seconds (1 to 60), idempotency_key (goes out as the header). Gives { status, headers, body, json }, or nil and { code, message, retryable }. Redirects are not followed.",
            errors: ["script.capability", "http.url_invalid", "http.header_invalid"], capability: "http",
            example: "local answer, err = http.request { url = \"https://api.example.com/rates\" }\nif not answer then error(err) end"),
        HostEntry(
            "http.send(options: table): integer",
            "Sends a request after the commit, at least once, with the same Idempotency-Key each time. Options: method, url, headers, body or json, timeout, key (the same is sent once), or idempotency_key, which goes out as the header too. Gives the message's id.",
            errors: ["script.capability", "http.url_invalid", "http.header_invalid"], capability: "http",
            example: "http.send { method = \"POST\", url = \"https://api.example.com/orders\", json = { id = 7 }, key = \"order:7\" }"),
        HostEntry(
            "mail.send(options: table): integer | integer[]",
            "Mails after the commit, at least once, with the same Message-ID. Options: to (an address, or up to 100), template and params, or subject, text and html; reply_to, attach = { { name, type, text or base64 }, or { file = id } }, key.",
            errors: ["mail.address_invalid", "template.unknown", "template.param_missing"],
            example: "mail.send { to = \"ada@example.com\", subject = \"Ready\", text = \"Your order is ready.\" }"),
        HostEntry(
            "message.send(options: table): integer",
            "A short message by the tenant's gateway, after the commit. Options: to (a telephone number), template and params, or text; key.",
            errors: ["template.unknown", "template.param_missing"], example: "message.send { to = \"+233 20 123 4567\", text = \"Your order is ready.\" }"),
        HostEntry(
            "print.raw(options: table): integer", "Sends bytes to the receipt printer of a till after the commit. Options: text or base64, till or branch (their ids), key.",
            example: "print.raw { text = \"Hello\\n\", till = 1 }"),
        HostEntry(
            "secret.header(name: string, before?: string): table",
            "A handle for a header of http: the secret, with a text such as \"Bearer \" before it. The script never sees the secret.",
            errors: ["script.capability"], capability: "secret", example: "local handle = secret.header(\"api_token\", \"Bearer \")\nassert(handle)"),
        HostEntry(
            "secret.sign(name: string, text: string): string", "HMAC-SHA-256 of the text under the secret, in hexadecimal digits.",
            errors: ["script.capability", "secret.missing"], capability: "secret", example: "local signature = secret.sign(\"api_token\", \"text\")\nassert(#signature == 64)"),
    ]
}
