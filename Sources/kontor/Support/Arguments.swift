/// What stands on the command line after the words that name the verb.
struct Arguments: Sendable {
    /// What is no option, in order.
    private(set) var words: [String] = []
    private var given: [(name: String, value: String)] = []

    /// `--name value`, `--name=value`, `--switch`, and `--` before words that begin with a dash.
    /// - Throws: `UsageError` for an option that is not known or lacks its value.
    init(_ raw: some Sequence<String>, options: [Option]) throws {
        var rest = Array(raw)[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                words.append(word)
                continue
            }
            guard word != "--" else {
                words += rest
                return
            }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = options.first(where: { $0.name == name }) else {
                throw UsageError("--\(name) is not known here")
            }
            if let placeholder = option.value {
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                    throw UsageError("--\(name) needs a value: --\(name) \(placeholder)")
                }
                given.append((name, value))
            } else {
                guard parts.count == 1 else { throw UsageError("--\(name) takes no value") }
                given.append((name, ""))
            }
        }
    }

    func has(_ name: String) -> Bool {
        given.contains { $0.name == name }
    }

    /// The last value given for an option.
    subscript(name: String) -> String? {
        given.last { $0.name == name }?.value
    }

    /// All values of an option that may be repeated.
    func all(_ name: String) -> [String] {
        given.filter { $0.name == name }.map(\.value)
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError("--\(name) must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func required(_ name: String) throws -> String {
        guard let value = self[name] else { throw UsageError("--\(name) is missing") }
        return value
    }

    /// The word at a place.
    func word(_ index: Int, _ meaning: String) throws -> String {
        guard index < words.count else { throw UsageError("\(meaning) is missing") }
        return words[index]
    }

    func noMoreWords(than count: Int) throws {
        guard words.count <= count else { throw UsageError("“\(words[count])” is one word too many") }
    }
}
