import Core

/// The part of `money` that needs the kernel: which currencies there are.
enum MoneyModule {
    static let functions: [HostFunction] = [
        HostFunction("money", "exponent", .all, "exponent(code): how many decimal places the currency has") { _, arguments in
            .int(Int64(try Currency(try arguments.text(0)).exponent))
        }
    ]
}
