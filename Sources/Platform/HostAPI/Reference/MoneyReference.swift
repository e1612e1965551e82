extension HostReference {
    private static let own = ["tenant.facts"]

    static let money: [HostEntry] = [
        HostEntry(
            "money(text: string, currency?: string): money", "An amount from text such as \"10.00\", exactly; in the tenant's currency if none is named.",
            errors: ["script.error"], calls: own, example: "assert(money \"10.00\" == money.of(1000))"),
        HostEntry(
            "money.of(minor: integer, currency?: string): money", "An amount from minor units.", calls: own,
            example: "assert(money.of(1250):format() == \"12.50\")"),
        HostEntry("money.parse(text: string, currency?: string): money", "As money \"…\".", calls: own, example: "assert(money.parse(\"0.05\").minor == 5)"),
        HostEntry(
            "money.from_decimal(number: decimal, currency?: string, mode?: string): money",
            "An amount from a decimal. The mode (half_up, half_even, half_down, down, up, floor, ceiling) may be left out when nothing needs rounding.", calls: own,
            example: "assert(money.from_decimal(decimal.new(\"1.005\"), nil, \"half_up\") == money \"1.01\")"),
        HostEntry("money.is(value: any): boolean", "Whether a value is money.", calls: [], example: "assert(money.is(money \"1.00\") and not money.is(1))"),
        HostEntry("money:add(other: money): money", "The sum; also written a + b. Both in one currency.", calls: [], example: "assert(money(\"1.00\"):add(money \"0.50\") == money \"1.50\")"),
        HostEntry("money:sub(other: money): money", "The difference; also written a - b.", calls: [], example: "assert(money(\"1.00\"):sub(money \"0.50\") == money \"0.50\")"),
        HostEntry(
            "money:mul(factor: decimal | integer, mode?: string): money", "The product, rounded to minor units as the mode says; the mode may be left out when nothing needs rounding.", calls: [],
            example: "assert(money(\"10.00\"):mul(decimal.new(\"0.125\"), \"half_up\") == money \"1.25\")"),
        HostEntry("money:split(count: integer): money[]", "So many parts as equal as can be, which add up exactly; the earlier ones are larger.", calls: [], example: "assert(money(\"1.00\"):split(3)[1] == money \"0.34\")"),
        HostEntry(
            "money:allocate(weights: integer[]): money[]", "Parts in proportion to the weights, which add up exactly: what is left goes to the largest remainders, ties to the earlier part.", calls: [],
            example: "assert(money(\"1.00\"):allocate({ 1, 2 })[2] == money \"0.67\")"),
        HostEntry("money:compare(other: money): integer", "-1, 0 or 1; also written a < b.", calls: [], example: "assert(money(\"1.00\"):compare(money \"2.00\") == -1)"),
        HostEntry("money:format(): string", "\"10.00\", without the currency.", calls: [], example: "assert(money(\"10.00\"):format() == \"10.00\")"),
        HostEntry("money:to_decimal(): decimal", "The amount as a decimal.", calls: [], example: "assert(money(\"1.50\"):to_decimal() == decimal.new(\"1.5\"))"),
        HostEntry("money:negated(): money", "With the other sign; also written -a.", calls: [], example: "assert(money(\"1.00\"):negated().minor == -100)"),
        HostEntry("money:is_negative(): boolean", "Below zero.", calls: [], example: "assert(not money(\"1.00\"):is_negative())"),
        HostEntry("money:is_zero(): boolean", "Exactly zero.", calls: [], example: "assert(money(\"0.00\"):is_zero())"),
        HostEntry("money:is_positive(): boolean", "Above zero.", calls: [], example: "assert(money(\"1.00\"):is_positive())"),
    ]

    static let decimals: [HostEntry] = [
        HostEntry("decimal.new(value: string | integer | decimal): decimal", "An exact number from text or an integer; floating point is refused.", calls: [], example: "assert(decimal.new(\"0.1\") + decimal.new(\"0.2\") == decimal.new(\"0.3\"))"),
        HostEntry("decimal.is(value: any): boolean", "Whether a value is a decimal.", calls: [], example: "assert(decimal.is(decimal.new(1)))"),
        HostEntry("decimal:add(other: decimal): decimal", "The sum; also written a + b.", calls: [], example: "assert(decimal.new(1):add(decimal.new(2)) == decimal.new(3))"),
        HostEntry("decimal:sub(other: decimal): decimal", "The difference; also written a - b.", calls: [], example: "assert(decimal.new(3):sub(decimal.new(2)) == decimal.new(1))"),
        HostEntry("decimal:mul(other: decimal): decimal", "The exact product; also written a * b.", calls: [], example: "assert(decimal.new(\"0.5\"):mul(decimal.new(3)) == decimal.new(\"1.5\"))"),
        HostEntry("decimal:div(other: decimal, places: integer, mode: string): decimal", "The quotient with so many decimal places (0 to 9), rounded as the mode says.", calls: [], example: "assert(decimal.new(1):div(decimal.new(3), 2, \"half_up\") == decimal.new(\"0.33\"))"),
        HostEntry("decimal:round(places: integer, mode: string): decimal", "Rounded to so many decimal places (0 to 9): half_up, half_even, half_down, down, up, floor or ceiling.", calls: [], example: "assert(decimal.new(\"2.345\"):round(2, \"half_up\") == decimal.new(\"2.35\"))"),
        HostEntry("decimal:floor(): integer", "The greatest whole number that is not above it.", calls: [], example: "assert(decimal.new(\"2.9\"):floor() == 2)"),
        HostEntry("decimal:integer(): integer?", "The integer that it is exactly, or nil.", calls: [], example: "assert(decimal.new(\"2.0\"):integer() == 2)"),
        HostEntry("decimal:compare(other: decimal): integer", "-1, 0 or 1; also written a < b.", calls: [], example: "assert(decimal.new(1):compare(decimal.new(2)) == -1)"),
        HostEntry("decimal:format(places?: integer): string", "As text, with exactly so many places when given; it must fit without rounding.", calls: [], example: "assert(decimal.new(\"1.5\"):format(2) == \"1.50\")"),
        HostEntry("decimal:negated(): decimal", "With the other sign; also written -a.", calls: [], example: "assert(decimal.new(1):negated() == decimal.new(-1))"),
    ]
}
