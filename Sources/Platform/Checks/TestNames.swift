/// The names that test files have beside those of every script.
enum TestNames {
    static let all: Set<String> = [
        "describe", "it", "before_each", "after_each", "pending", "cases", "fixture", "given", "clock", "random", "as_user", "in_branch",
        "on_till", "with_settings", "http", "device", "secret", "post", "void", "run_job", "call", "scan", "expect", "expect_reject",
        "expect_entry", "expect_balanced", "expect_effect", "expect_no_effects", "expect_rule", "expect_trace", "expect_budget",
        "replay", "property", "gen",
    ]
}
