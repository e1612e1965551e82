import CSodium

/// Set up once per process, before the first use of the library.
enum Sodium {
    private static let isReady: Bool = sodium_init() >= 0

    static func prepare() {
        precondition(isReady, "libsodium could not be set up: no source of randomness")
    }
}
