import Core
import Platform

/// `/api/alerts`: what is not as it should be, whom it is told, and from which figures on.
enum AlertEndpoints {
    static func `operator`(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [list, clear, settings, change, test, look(application)]
    }

    private static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true),
        .init("condition", .string(), required: true, "A stable code.", example: "disk.low"),
        .init("tenant_id", .nullable(.integer()), required: true, "Null for the installation's own.", example: .null),
        .init("subject", .string(), required: true, "What of it, where there may be several: a job, an endpoint.", example: ""),
        .init("detail", .string(), required: true), .init("raised_at", .instant, required: true),
        .init("cleared_at", .nullable(.instant), required: true, example: .null),
        .init("cleared_by", .nullable(.string()), required: true, "Null when it was over by itself.", example: .null),
        .init("mail", .string(allowed: ["waiting", "sent", "none"]), required: true),
        .init("mail_error", .nullable(.string()), required: true, "Why the last attempt failed.", example: .null),
    ])

    private static let list = Endpoint(
        .get, "/api/alerts", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "List what is not as it should be, newest first", tag: "Alerts",
            query: Page.parameters + [.init("state", .string(allowed: ["open", "all"]), "Those that are over too with all, for 90 days; open if left out.")],
            replies: [.init(200, "A page of alerts.", Page.schema(of: schema))])
    ) { call in
        let page = try Page(call)
        let before = page.key.isEmpty ? Int64.max : try page.id()
        let rows = try call.instance.alerts.list(before: before, onlyOpen: call.queryValue("state") != "all", limit: page.fetchLimit)
        return page.reply(rows, key: { [.int($0.id)] }, item: \.value)
    }

    private static let clear = Endpoint(
        .post, "/api/alerts/{id}/clear", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Clear an alert by hand; a state that lasts is raised again a minute later", tag: "Alerts",
            replies: [.init(200, "The alert.", schema)])
    ) { call in Reply(200, try call.instance.alerts.clear(id: try call.id(), actor: call.actingUser).value) }

    private static let settings = Endpoint(
        .get, "/api/alerts/settings", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Show where alerts go and from which figures on there is one", tag: "Alerts",
            replies: [.init(200, "The settings in force.", AlertSettings.schema)])
    ) { call in Reply(200, try call.instance.alerts.shownSettings()) }

    private static let change = Endpoint(
        .patch, "/api/alerts/settings", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Change where alerts go and from which figures on there is one", tag: "Alerts", input: AlertSettings.input,
            replies: [.init(200, "The settings in force.", AlertSettings.schema)])
    ) { call in
        try call.instance.alerts.change(call.body, actor: call.actingUser)
        return Reply(200, try call.instance.alerts.shownSettings())
    }

    private static let test = Endpoint(
        .post, "/api/alerts/test-mail", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Send a mail that says that alerts arrive", tag: "Alerts",
            replies: [.init(200, "The mail server took it.", .object([.init("sent", .boolean, required: true)]))])
    ) { call in
        try call.instance.alerts.sendTest()
        return Reply(200, ["sent": true])
    }

    private static func look(_ application: @escaping @Sendable () -> Application) -> Endpoint {
        Endpoint(
            .post, "/api/alerts/look", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init(
                "Look now at what is looked at each minute", tag: "Alerts",
                replies: [.init(200, "What is open.", .object([.init("items", .array(schema), required: true)]))])
        ) { call in
            try application().alertWatch.look()
            return Reply(200, ["items": .array(try call.instance.alerts.list(onlyOpen: true, limit: 1_000).map(\.value))])
        }
    }
}
