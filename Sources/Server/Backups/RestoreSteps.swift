import Core
import Platform

/// The steps of a restore as they are done, each with what came of it and how long it took.
struct RestoreSteps {
    private(set) var steps: [Value] = []
    private var last = monotonicNanoseconds()
    private let began = monotonicNanoseconds()

    /// - Parameter name: `stop`, `copy`, `verify`, `increments`, `restore`, `open`, `compare`, `report`, `health`, `backup`, `tell`.
    mutating func done(_ name: String, _ detail: String, ok: Bool = true) {
        let now = monotonicNanoseconds()
        steps.append(
            ["step": .string(name), "ok": .bool(ok), "detail": .string(detail), "milliseconds": .int(Int64((now - last) / 1_000_000))])
        last = now
    }

    var value: Value { .array(steps) }
    var milliseconds: Int64 { Int64((monotonicNanoseconds() - began) / 1_000_000) }

    static let schema: Schema = .array(
        .object([
            .init("step", .string(), required: true, example: "restore"), .init("ok", .boolean, required: true),
            .init("detail", .string(), required: true, example: "The copy of 2026-01-05T09:00:00.000Z is in place."),
            .init("milliseconds", .integer(minimum: 0), required: true),
        ]))
}
