import Core
import Storage

/// `/api/removed-plugins`: what uninstalled plugins left behind.
package enum RemovedPluginEndpoints {
    package static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/api/removed-plugins", access: .permission("scripts.view"), execution: .read,
            documentation: .init("List the uninstalled plugins whose data is still here", tag: "Plugins", replies: [.init(200, "By name", .any)])
        ) { call in Reply(200, ["items": .array(try PluginEndpoints.removal(call).removed()), "next_cursor": .null]) },
        Endpoint(
            .get, "/api/removed-plugins/{name}/export", access: .permission("scripts.publish"), execution: .read,
            documentation: .init(
                "Export the rows that an uninstalled plugin left", tag: "Plugins",
                replies: [.init(200, "A line of JSON each", contentType: "application/x-ndjson")])
        ) { call in
            let name = call.parameters["name"] ?? ""
            // Refused before the first byte where there is nothing to export.
            _ = try PluginEndpoints.removal(call).requireRemoved(name)
            return Reply(contentType: "application/x-ndjson") { call, put in try PluginEndpoints.removal(call).export(name, put) }
        },
        Endpoint(
            .post, "/api/removed-plugins/{name}/purge", access: .permission("scripts.publish"), execution: .write,
            documentation: .init(
                "Remove for good what an uninstalled plugin left", tag: "Plugins",
                input: .object([.init("name", .string(minLength: 1), required: true, "The plugin's name, once more.")]),
                replies: [.init(204, "Gone")])
        ) { call in
            let name = call.parameters["name"] ?? ""
            guard call.body["name"]?.string == name else {
                throw Problem(422, "plugin.name", "Purging \(name) takes its name, typed again as “name”.", field: "name")
            }
            try PluginEndpoints.removal(call).purge(name)
            return .noContent
        },
    ]
}
