import Core

/// `ETag` and `If-Match` over a row's version.
package enum EntityTag {
    package static func header(_ version: Int64) -> (String, String) { ("ETag", "\"\(version)\"") }
}

extension Call {
    /// Refuses to write over what the caller has not seen; without `If-Match` the last write wins.
    /// - Throws: 412 `request.version_mismatch`.
    package func requireMatch(version: Int64) throws {
        guard let ifMatch, ifMatch != "*" else { return }
        guard ifMatch == "\"\(version)\"" else {
            throw Problem(
                412, "request.version_mismatch", "It was changed meanwhile; read it again, then repeat the change.",
                extra: [("version", .int(version))])
        }
    }
}
