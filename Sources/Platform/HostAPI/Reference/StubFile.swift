import Core

/// What an editor is told by LuaCATS annotations: the host API, and the record types of one tenant.
package enum StubFile {
    /// - Parameter plugins: whose record types are told too.
    package static func text(_ plugins: InstalledPlugins) -> String {
        var text = """
            ---@meta
            -- Made by `kontor lua stubs`. For editors: put it beside the plugin; nothing reads it when scripts run.

            ---@class money
            ---@field minor integer  minor units
            ---@field currency string  ISO 4217
            ---@operator add(money): money
            ---@operator sub(money): money
            ---@operator unm: money
            ---@class decimal
            ---@operator add(decimal): decimal
            ---@operator sub(decimal): decimal
            ---@operator mul(decimal): decimal
            ---@operator unm: decimal
            ---@class expectation
            ---@class rule
            ---@class Record
            ---@field id integer
            ---@field version integer

            """
        for type in plugins.recordTypes.values.sorted(by: { $0.name < $1.name }) { text += record(type) }
        for module in [
            "record", "ledger", "sequence", "tax", "rules", "report", "date", "tenant", "branch", "user", "settings", "text", "file", "log", "job", "event",
            "http", "mail", "message", "print", "secret", "trace", "given", "clock", "random", "device", "gen", "expectation", "rule",
        ] {
            text += "\n\(module) = {}\n"
        }
        text += "\n---@class money_module\n---@overload fun(text: string, currency?: string): money\nmoney = {}\ndecimal = {}\n"
        for entry in HostReference.entries + HostReference.testing { text += stub(entry) }
        return text
    }

    private static func record(_ type: RecordType) -> String {
        var text = "\n---\(type.title)\n---@class \(type.name): Record\n"
        for field in type.fields {
            let kind =
                switch field.kind {
                case .integer, .ref, .file: "integer"
                case .decimal, .percent: "decimal"
                case .money: "money"
                case .boolean: "boolean"
                case .enum: field.values.map { "\"\($0)\"" }.joined(separator: "|")
                case .lines, .list: "table[]"
                case .object, .json: "table"
                case .function: "function"
                default: "string"
                }
            text += "---@field \(field.name)\(field.required ? "" : "?") \(kind)\(field.summary.isEmpty ? "" : "  \(field.summary)")\n"
        }
        return text
    }

    private static func stub(_ entry: HostEntry) -> String {
        // The class money has a constructor of its own above.
        if entry.module.isEmpty, entry.name == "money" { return "" }
        if entry.kind == .field { return "---\(entry.summary)\n---@type \(entry.result ?? "any")\n\(entry.qualifiedName) = nil\n" }
        var text = "\n---\(entry.summary)\n"
        for parameter in entry.parameters where !parameter.isVariadic {
            text += "---@param \(parameter.name)\(parameter.isOptional ? "?" : "") \(parameter.type)\n"
        }
        if let result = entry.result { text += "---@return \(result)\n" }
        return text + "function \(entry.qualifiedName)(\(entry.parameters.map(\.name).joined(separator: ", "))) end\n"
    }
}
