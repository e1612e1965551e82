import Core
import Glibc
import Platform
import Scripting
import Testing

@testable import kontor

/// `kill -9` at random moments while a plugin is installed, upgraded and taken out: it is there whole, or as it was before.
@Suite struct PluginCrashTests {
    @Test func `a plugin is never there by half`() throws {
        let seed = environment("KONTOR_SEED").flatMap(UInt64.init) ?? UInt64.random(in: 1...UInt64.max)
        let rounds = environment("KONTOR_LONG") == nil ? 15 : 150
        print("plugin crash test: KONTOR_SEED=\(seed), \(rounds) rounds")
        var chance = SeededChance(seed)
        let data = try Kontor.demoData()
        let place = try TemporaryFolder()
        let stories = Kontor.home + "/Tests/Stories"
        let first = try PluginFiles.read(folder: "\(stories)/rental")
        let second = first.merging(try PluginFiles.read(folder: "\(stories)/rental-1.1")) { $1 }
        let key = SigningKey.generate()
        for (name, files) in [("first", first), ("second", second)] {
            try Files.writeAtomically("\(place.path)/\(name)", try ScriptThread.run { try PluginArchive.pack(files, key: key) })
        }
        /// The version in force; nil for none.
        func version() throws -> String? {
            try Kontor.json("plugin", "list", "--tenant", "acme.localhost", data: data.path)["items"]?.array?
                .first { $0["name"] == "rental" }?["version"]?.string
        }
        // How long each step takes when nobody disturbs it, so that kills fall within it.
        var longest: UInt64 = 400_000
        var changes = 0
        for round in 1...rounds {
            let before = try version()
            let words: [String] =
                switch before {
                case nil: ["install", "\(place.path)/first", "--yes"]
                case "1.0.0": ["upgrade", "\(place.path)/second", "--yes"]
                default: ["uninstall", "rental", "--yes"]
                }
            let server = try RunningServer(data.path)
            let started = monotonicNanoseconds()
            let step = try Child(
                Kontor.binary, ["plugin"] + words + ["--tenant", "acme.localhost", "--data", data.path, "--home", Kontor.home])
            let delay = UInt64(chance.below(Int(longest)))
            while monotonicNanoseconds() - started < delay * 1_000 { sched_yield() }
            server.child.send(SIGKILL)
            server.child.wait()
            let status = step.wait()
            if status == 0 { longest = max(50_000, (monotonicNanoseconds() - started) / 1_000) } else { longest = min(longest * 2, 20_000_000) }
            let after = try version()
            let next: String? = before == nil ? "1.0.0" : before == "1.0.0" ? "1.1.0" : nil
            #expect(after == before || after == next, "seed \(seed), round \(round): \(before ?? "none") became \(after ?? "none")")
            if after != before { changes += 1 }
            if status == 0 { #expect(after == next, "seed \(seed), round \(round): answered, and not there") }
            let report = try Kontor.run("doctor", data: data.path)
            try #require(report.status == 0, "seed \(seed), round \(round): \(report.output)")
        }
        #expect(changes > 0, "seed \(seed): every kill came too early")
    }
}
