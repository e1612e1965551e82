import Core

/// Where the tests were built from.
package enum Repository {
    /// The folder with `Package.swift`, `Rules`, `Plugins` and `Web`, without a slash at its end.
    package static let home = Files.parent(Files.parent(Files.parent(#filePath)))
}
