import CBridge

/// What is true of the script that called the host function which asks.
package enum ScriptState {
    /// An error thrown now ends the script and all runs around it: neither a protected call nor a coroutine can catch it.
    /// False where no script runs.
    package static var isUnguarded: Bool { kl_is_unguarded() }
}
