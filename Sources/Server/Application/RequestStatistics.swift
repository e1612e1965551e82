/// Counts what was answered.
package final class RequestStatistics: Sendable {
}
