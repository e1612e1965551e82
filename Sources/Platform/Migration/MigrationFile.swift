import Core
import Scripting

/// A change of data that a declaration alone does not tell: `migrations/0002_serials.lua`.
///
///     return {
///       title = "Serial numbers",
///       steps = {
///         { rename_field = "rental.asset.label", to = "name" },
///         { drop_field = "rental.asset.colour" },
///         { drop_type = "rental.note" },
///       },
///       backfill = {
///         { field = "rental.asset.serial", value = function(asset) return "A-" .. asset.id end },
///       },
///     }
///
/// It is data, so that a plan can tell what it will do without doing it. Backfills see the fields of before and after.
package struct MigrationFile: Sendable {
    package enum Step: Sendable, Equatable {
        /// The last part of `field` is the name of before.
        case renameField(String, to: String)
        case dropField(String)
        case dropType(String)
    }

    struct Backfill: Sendable {
        /// `rental.asset`
        let type: String
        let field: String
        /// nil where the value is a function.
        let value: Value?
        /// Of the function, in the file's value.
        let path: String
    }

    package let plugin: String
    /// `rental/migrations/0002_serials.lua`
    package let file: String
    package let number: Int
    package let title: String
    package let steps: [Step]
    let backfills: [Backfill]
    let program: Program
    /// SHA-256 of the text, in hex.
    let hash: String

    /// Whether what it takes away or renames keeps the version before from running again.
    package var isDestructive: Bool { !steps.isEmpty }

    init(_ value: Value, plugin: String, file: String, source: [UInt8], program: Program) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        let name = file.split(separator: "/").last ?? ""
        let digits = name.prefix { ("0"..."9").contains($0) }
        guard digits.count == 4, let number = Int(digits), number > 0, name.dropFirst(4).hasPrefix("_") else {
            throw declaration.wrong("", "is in a file whose name does not begin with four digits and an underscore, such as 0002_serials.lua")
        }
        self.plugin = plugin
        self.file = file
        self.number = number
        self.program = program
        hash = Digest.hex(Digest.sha256(source))
        title = try declaration.text("title") ?? String(name.dropFirst(5).dropLast(4))
        var steps: [Step] = []
        for (index, item) in try declaration.list("steps").enumerated() {
            let place = "steps[\(index + 1)]"
            let step = try Declaration(item, file: file, place: place)
            if let field = try step.text("rename_field") {
                try Self.check(field, plugin, parts: 3...4, step, "rename_field")
                let to = try step.requiredText("to")
                guard FieldDeclaration.isName(to) else { throw step.wrong("to", "must be a field's name") }
                steps.append(.renameField(field, to: to))
            } else if let field = try step.text("drop_field") {
                try Self.check(field, plugin, parts: 3...4, step, "drop_field")
                steps.append(.dropField(field))
            } else if let type = try step.text("drop_type") {
                try Self.check(type, plugin, parts: 2...2, step, "drop_type")
                steps.append(.dropType(type))
            } else {
                throw declaration.wrong(place, "must be rename_field, drop_field or drop_type")
            }
            try step.finish()
        }
        self.steps = steps
        var backfills: [Backfill] = []
        for (index, item) in try declaration.list("backfill").enumerated() {
            let fill = try Declaration(item, file: file, place: "backfill[\(index + 1)]")
            let field = try fill.requiredText("field")
            try Self.check(field, plugin, parts: 3...3, fill, "field")
            guard let value = fill.value("value") else { throw fill.wrong("value", "is missing: a value, or a function of the record") }
            let parts = field.split(separator: ".").map(String.init)
            backfills.append(
                Backfill(
                    type: "\(parts[0]).\(parts[1])", field: parts[2], value: value.isScriptFunction ? nil : value,
                    path: "backfill.\(index + 1).value"))
            try fill.finish()
        }
        self.backfills = backfills
        try declaration.finish()
    }

    private static func check(
        _ name: String, _ plugin: String, parts: ClosedRange<Int>, _ declaration: Declaration, _ member: String
    ) throws(DeclarationError) {
        let words = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.contains(words.count), words.allSatisfy(FieldDeclaration.isName) else {
            throw declaration.wrong(member, parts.upperBound == 2 ? "must be a type, such as \"\(plugin).thing\"" : "must be a field, such as \"\(plugin).thing.name\"")
        }
        guard words[0] == plugin else { throw declaration.wrong(member, "must be of the plugin's own, “\(plugin).”") }
    }
}
