import CBridge

/// An answer that is always the same, made once and sent any number of times at almost no cost: health, static files.
///
/// It carries no `X-Request-Id`.
package final class SharedResponse: @unchecked Sendable {
    // Safe to share: set in init and never changed; the C side counts its references.
    package let status: Int
    package let count: Int
    private let plain: OpaquePointer
    private let secured: OpaquePointer

    /// - Returns: nil only without memory.
    package init?(_ response: HTTPResponse) {
        status = response.status
        count = response.body.count
        guard let plain = SharedResponse.make(response, isTLS: false) else { return nil }
        guard let secured = SharedResponse.make(response, isTLS: true) else {
            kh_shared_release(plain)
            return nil
        }
        self.plain = plain
        self.secured = secured
    }

    private static func make(_ response: HTTPResponse, isTLS: Bool) -> OpaquePointer? {
        response.makeRaw(isTLS: isTLS, requestID: nil).flatMap {
            kh_shared_new($0, Int32(response.status), UInt64(response.body.count))
        }
    }

    func raw(isTLS: Bool) -> OpaquePointer { isTLS ? secured : plain }

    deinit {
        kh_shared_release(plain)
        kh_shared_release(secured)
    }
}
