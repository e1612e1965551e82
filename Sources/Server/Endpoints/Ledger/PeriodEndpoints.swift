import Core
import Ledger
import Platform

/// `/api/ledger/periods`: open, closed, locked.
enum PeriodEndpoints {
    static let all: [Endpoint] = [
        list, define,
        change("close", "Close a month: nothing more is posted into it, but for named exceptions", "ledger.close_period") {
            ledger, month, reason, actor in try ledger.closePeriod(month, reason: reason, actor: actor)
        },
        change("reopen", "Open a closed month again", "ledger.reopen_period") { ledger, month, reason, actor in
            try ledger.reopenPeriod(month, reason: reason, actor: actor)
        },
        change("lock", "Lock a closed month for good", "ledger.lock_period") { ledger, month, reason, actor in
            try ledger.lockPeriod(month, reason: reason, actor: actor)
        },
        exceptions, addException,
    ]

    static let path = [
        Endpoint.Documentation.Parameter("month", .string(minLength: 7, maxLength: 7), "Such as 2026-01.")
    ]

    private static let schema: Schema = .object([
        .init("month", .string(), required: true, example: "2026-01"),
        .init("state", .string(allowed: PeriodState.allCases.map(\.rawValue)), required: true),
        .init("changed_at", .instant, required: true), .init("actor_id", .integer(), required: true),
        .init("reason", .nullable(.string()), required: true, example: .null),
    ])

    private static let exceptionSchema: Schema = .object([
        .init("id", .integer(), required: true), .init("month", .string(), required: true, example: "2026-01"),
        .init("user_id", .integer(), required: true), .init("from", .instant, required: true),
        .init("until", .instant, required: true), .init("reason", .string(), required: true, example: "Late invoice"),
    ])

    private static let list = Endpoint(
        .get, "/api/ledger/periods", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List the months", tag: "Ledger", query: Page.parameters,
            replies: [.init(200, "A page of months, in order.", Page.schema(of: schema))])
    ) { call in
        let page = try Page(call)
        let from = try page.key.isEmpty ? nil : CalendarMonth(page.text()).next
        let rows = try call.ledger.periods(from: from, limit: page.fetchLimit)
        return page.reply(rows, key: { [.string($0.month.description)] }, item: \.value)
    }

    private static let define = Endpoint(
        .post, "/api/ledger/periods", access: .permission("ledger.close_period"), execution: .write,
        documentation: .init(
            "Define months: the first ones of new books; later ones come by themselves", tag: "Ledger",
            input: .object([
                .init("from", .string(minLength: 7, maxLength: 7), "Needed where there is no month yet.", example: "2025-12"),
                .init("through", .string(minLength: 7, maxLength: 7), required: true, example: "2026-12"),
            ]), replies: [.init(201, "All months that are defined now, up to a page of them.", Page.schema(of: schema))])
    ) { call in
        let ledger = call.ledger
        try ledger.definePeriods(
            from: try call.bodyMonth("from"), through: try call.bodyMonth("through") ?? call.now.utcDate.calendarMonth,
            actor: call.ledgerActor)
        let page = try Page(limit: nil, cursor: nil)
        var reply = page.reply(
            try ledger.periods(limit: page.fetchLimit), key: { [.string($0.month.description)] }, item: \.value)
        reply.status = 201
        return reply
    }

    private static func change(
        _ verb: String, _ summary: String, _ permission: String,
        _ body: @escaping @Sendable (Ledger, CalendarMonth, String, LedgerActor) throws -> Void
    ) -> Endpoint {
        Endpoint(
            .post, PathTemplate("/api/ledger/periods/{month}/\(verb)"), access: .permission(permission), execution: .write,
            documentation: .init(
                summary, tag: "Ledger", pathParameters: path,
                input: .object([
                    .init("reason", .string(minLength: 1, maxLength: 500), required: true, example: "Month end")
                ]), replies: [.init(200, "The month as it is now.", schema)])
        ) { call in
            let ledger = call.ledger
            let month = try call.month()
            try body(ledger, month, try call.text("reason"), call.ledgerActor)
            try Audit.append(
                call.database, call.actingUser, "period.\(verb)", object: ("period", month.description),
                reason: try call.text("reason"))
            if verb != "reopen" { try call.takeCheckpoint(ledger) }
            return Reply(200, try ledger.period(month)?.value ?? .null)
        }
    }

    private static let exceptions = Endpoint(
        .get, "/api/ledger/periods/{month}/exceptions", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List who may post into a closed month", tag: "Ledger", pathParameters: path,
            replies: [.init(200, "All of them.", Page.schema(of: exceptionSchema))])
    ) { call in
        let rows = try call.ledger.exceptions(in: try call.month())
        return Reply(200, ["items": .array(rows.map(\.value)), "next_cursor": .null])
    }

    private static let addException = Endpoint(
        .post, "/api/ledger/periods/{month}/exceptions", access: .permission("ledger.reopen_period"), execution: .write,
        documentation: .init(
            "Let one user post into a closed month for a while", tag: "Ledger", pathParameters: path,
            input: .object([
                .init("user_id", .integer(minimum: 1), required: true), .init("from", .instant, "From now unless said otherwise."),
                .init("until", .instant, required: true),
                .init("reason", .string(minLength: 1, maxLength: 500), required: true, example: "Late invoice"),
            ]), replies: [.init(201, "The exception.", exceptionSchema)])
    ) { call in
        let exception = try call.ledger.addException(
            try call.month(), for: call.body["user_id"]?.int ?? 0, from: try call.body["from"]?.string.map { try Instant($0) } ?? call.now,
            until: try Instant(try call.text("until")), reason: try call.text("reason"), actor: call.ledgerActor)
        try Audit.append(
            call.database, call.actingUser, "period.exception_added", object: ("period", exception.month.description),
            after: exception.value, reason: exception.reason)
        return Reply(201, exception.value)
    }
}

extension Period {
    fileprivate var value: Value {
        [
            "month": .string(month.description), "state": .string(state.rawValue),
            "changed_at": .string(changedAt.description), "actor_id": .int(actorID),
            "reason": reason.map { .string($0) } ?? .null,
        ]
    }
}

extension PeriodException {
    fileprivate var value: Value {
        [
            "id": .int(id), "month": .string(month.description), "user_id": .int(actorID), "from": .string(from.description),
            "until": .string(until.description), "reason": .string(reason),
        ]
    }
}

extension Call {
    fileprivate func bodyMonth(_ name: String) throws -> CalendarMonth? {
        guard let text = body[name]?.string else { return nil }
        guard let month = try? CalendarMonth(text) else {
            throw Problem.invalid([.init(field: name, code: "type", message: "must be a month such as \"2026-01\"")])
        }
        return month
    }

    /// The month in the path.
    func month() throws -> CalendarMonth {
        guard let month = try? CalendarMonth(parameters["month"] ?? "") else {
            throw Problem(404, "request.not_found", "“\(parameters["month"] ?? "")” is not a month such as 2026-01.")
        }
        return month
    }

    /// Signs where the chain stands once this has happened, and keeps it outside the tenant's file.
    func takeCheckpoint(_ ledger: Ledger) throws {
        guard let tenant else { return }
        let checkpoint = try ledger.checkpoint(sign: instance.keys.signing)
        let file = CheckpointFile(instance, tenant)
        // Where it cannot be kept outside now, the next copy brings one that covers it.
        afterCommit { try? file.keep(checkpoint) }
    }
}
