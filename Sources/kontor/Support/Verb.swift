/// One thing that the command line can do: `kontor tenant create`.
struct Verb: Sendable {
    /// The words that name it: `["tenant", "create"]`.
    let path: [String]
    /// What comes after them: `ID`, or `[NAME]`, or `FOLDER [PATH…]`; empty when nothing does.
    let operands: String
    /// A sentence in the imperative, without a full stop.
    let summary: String
    let options: [Option]
    /// More for `--help`: paragraphs of at most 100 columns.
    let details: String
    let run: @Sendable (Invocation) throws -> ExitCode

    init(
        _ path: String, _ operands: String = "", _ summary: String, options: [Option] = [], details: String = "",
        run: @escaping @Sendable (Invocation) throws -> ExitCode
    ) {
        self.path = path.split(separator: " ").map(String.init)
        self.operands = operands
        self.summary = summary
        self.options = options
        self.details = details
        self.run = run
    }

    var name: String { path.joined(separator: " ") }
}

/// An option of a verb: `--port N`, or `--json` without a value.
struct Option: Sendable {
    let name: String
    /// What its value stands for in the help; nil for a switch.
    let value: String?
    let summary: String

    init(_ name: String, _ value: String? = nil, _ summary: String) {
        self.name = name
        self.value = value
        self.summary = summary
    }

    static let json = Option("json", nil, "Print JSON, one document")
    static let help = Option("help", nil, "Say what this does")
    static let data = Option("data", "DIR", "The data folder (else $KONTOR_DATA, else ./data)")
    static let home = Option("home", "DIR", "Where Rules, Plugins and Web are (else beside the program)")
    static let tenant = Option("tenant", "ID", "The business, by its id or domain (may be left out when there is one)")
}

/// What the caller's shell sees.
enum ExitCode: Int32, Sendable {
    case done = 0
    /// Kontor refused, or what was checked is not in order.
    case refused = 1
    /// The command line makes no sense.
    case usage = 64
    /// The data folder or the server is not to be had.
    case unavailable = 69
    /// A fault of ours.
    case fault = 70
}

/// The command line makes no sense; the message says what would.
struct UsageError: Error {
    let message: String
    init(_ message: String) { self.message = message }
}
