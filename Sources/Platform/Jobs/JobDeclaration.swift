import Core
import Scripting

/// Work that a plugin does by itself, step by step: `jobs/<name>.lua`.
package final class JobDeclaration: Sendable {
    /// What happens when it is due and the time before is not done yet.
    package enum Overlap: String, Sendable, CaseIterable {
        /// The time is noted as skipped.
        case skip
        /// It waits for its turn.
        case queue
    }

    /// What happens with times that passed while nobody was there to see them.
    package enum CatchUp: String, Sendable, CaseIterable {
        case last
        case all
        case none
    }

    package struct Retry: Sendable {
        package enum Backoff: String, Sendable, CaseIterable {
            case fixed
            case exponential
        }

        /// How often it is tried again after a failure, 0...100.
        package var times = 5
        package var backoff = Backoff.exponential
        /// Before the first repetition, 1...86,400.
        package var delaySeconds: Int64 = 10

        /// How long to wait after so many failures in a row: at most a day.
        package func delay(after failures: Int) -> Int64 {
            switch backoff {
            case .fixed: delaySeconds
            case .exponential: min(86_400, delaySeconds << Int64(min(16, max(0, failures - 1))))
            }
        }
    }

    package let plugin: String
    package let file: String
    package let id: String
    package let title: String
    /// When it is due by itself, unless rule files of the contract `schedule` name it; nil for work that is asked for.
    package let cron: CronLine?
    package let overlap: Overlap
    package let catchUp: CatchUp
    package let retry: Retry
    /// What somebody must hold to run it by hand, beside `jobs.run`.
    package let permission: String?
    package let hasFetch: Bool
    /// The most steps of one run: its own, within what the manifest asked for and the install granted.
    package let slices: Int
    /// What every job has.
    package static let usualSlices = 1_000
    package let program: Program

    /// As jobs are named everywhere: `pos.nightly`.
    package var name: String { "\(plugin).\(id)" }

    package init(_ value: Value, plugin: String, file: String, program: Program, manifest: Manifest) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        self.plugin = plugin
        self.file = file
        self.program = program
        id = try declaration.requiredText("id")
        guard FieldDeclaration.isName(id) else { throw declaration.wrong("id", "must be in small letters, digits and underscores") }
        title = try declaration.text("title") ?? id
        if let line = try declaration.text("cron") {
            do throws(CalendarError) { cron = try CronLine(line) } catch { throw declaration.wrong("cron", error.cronReason) }
        } else {
            cron = nil
        }
        overlap = try Self.word(declaration, "overlap") ?? .skip
        catchUp = try Self.word(declaration, "catch_up") ?? .last
        var retry = Retry()
        if let table = try declaration.table("retry") {
            if let times = try table.integer("times") {
                guard (0...100).contains(times) else { throw table.wrong("times", "must be from 0 to 100") }
                retry.times = Int(times)
            }
            retry.backoff = try Self.word(table, "backoff") ?? .exponential
            if let delay = try table.integer("delay") {
                guard (1...86_400).contains(delay) else { throw table.wrong("delay", "must be from 1 to 86400 seconds") }
                retry.delaySeconds = delay
            }
            try table.finish()
        }
        self.retry = retry
        permission = try declaration.text("permission")
        let name = id
        let granted = manifest.slices.first { $0.job == name }?.count ?? Self.usualSlices
        var slices = Int64(granted)
        if let budgets = try declaration.table("budgets") {
            slices = try budgets.integer("slices") ?? slices
            guard (1...Int64(granted)).contains(slices) else {
                throw budgets.wrong("slices", "must be from 1 to \(granted); more is asked for in plugin.lua: budgets = { [\"job:\(id)\"] = { slices = … } }")
            }
            try budgets.finish()
        }
        self.slices = Int(slices)
        guard let run = declaration.value("run"), run.isScriptFunction else { throw declaration.wrong("run", "must be a function") }
        if let fetch = declaration.value("fetch") {
            guard fetch.isScriptFunction else { throw declaration.wrong("fetch", "must be a function") }
            hasFetch = true
        } else {
            hasFetch = false
        }
        try declaration.finish()
    }

    private static func word<Word: RawRepresentable & CaseIterable>(_ declaration: Declaration, _ name: String) throws(DeclarationError) -> Word?
    where Word.RawValue == String {
        guard let text = try declaration.text(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw declaration.wrong(name, "must be one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }
}

extension CalendarError {
    /// What is wrong with a cron line, to follow the name of the field that holds it.
    var cronReason: String {
        if case .invalidCron(_, let reason) = self { reason } else { problem.detail }
    }
}
