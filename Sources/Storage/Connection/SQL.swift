/// One statement, known by identity: declare it once (`static let insertLine = SQL("INSERT …")`) and pass it around.
///
/// A connection prepares it at first use and keeps it; looking it up compares addresses, never text.
package final class SQL: Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }
}

extension SQL: CustomStringConvertible {
    package var description: String { text }
}
