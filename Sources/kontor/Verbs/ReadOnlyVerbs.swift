import Core

/// Stopping a business's changes, and putting everybody out of it.
enum ReadOnlyVerbs {
    static let all = [
        Verb(
            "freeze", "", "Stop all changes of a business; reading goes on", options: options,
            details: "Changes are refused with 423 tenant.read_only until kontor thaw; jobs and messages wait. Log-ins, passwords,\nthe revoking of tokens, proofs and backups go on."
        ) { invocation in
            let (api, path) = try place(invocation)
            let mark = try api.ask("PUT", path + "/read-only", reason(invocation), at: .operator)
            invocation.answer(mark) { mark.lines }
            return .done
        },
        Verb("thaw", "", "Let the changes of a business go on", options: options) { invocation in
            let (api, path) = try place(invocation)
            let mark = try api.ask("DELETE", path + "/read-only", reason(invocation), at: .operator)
            invocation.answer(mark) { "It takes changes.\n" }
            return .done
        },
        Verb(
            "breach", "", "Put everybody out of a business and stop all changes, after a breach", options: options,
            details: "Ends every session, revokes every token, cancels every one-time link, has everybody choose another password at\nthe next log-in and freezes the business, all in one step. kontor thaw lets changes go on; tokens are made anew."
        ) { invocation in
            let (api, path) = try place(invocation)
            let done = try api.ask("POST", path + "/breach", reason(invocation), at: .operator)
            invocation.answer(done) { done.lines }
            return .done
        },
    ]

    private static let options = [Option.tenant, Option("reason", "TEXT", "Why, for the record")]

    private static func place(_ invocation: Invocation) throws -> (API, String) {
        try invocation.arguments.noMoreWords(than: 0)
        let name = try invocation.arguments.required("tenant")
        let api = try invocation.api()
        return (api, "/api/tenants/\(try api.tenant(name).text("id"))")
    }

    private static func reason(_ invocation: Invocation) -> Value {
        ["reason": .string(invocation.arguments["reason"] ?? "by the command line")]
    }
}
