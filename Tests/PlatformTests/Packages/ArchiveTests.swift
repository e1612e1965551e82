import Core
import Foundation
import Platform
import Scripting
import Testing

/// The file that a plugin travels in.
@Suite struct ArchiveTests {
    private static let key = try? SigningKey(rawBytes: [UInt8](repeating: 7, count: 32))

    private func pack(_ files: [String: [UInt8]] = PluginBench.rental()) throws -> [UInt8] {
        let key = try #require(Self.key)
        return try ScriptThread.run { try PluginArchive.pack(files, key: key) }
    }

    private func refusal(_ bytes: [UInt8]) -> Problem? {
        do {
            _ = try ScriptThread.run { try PluginArchive(bytes) }
            return nil
        } catch {
            return (error as? any ProblemConvertible)?.problem ?? Problem(500, "test.other", "\(error)")
        }
    }

    /// An archive of any entries, with a manifest that fits them and a signature that fits the manifest.
    private func forge(_ entries: [(name: String, bytes: [UInt8])], change: (inout Object) -> Void = { _ in }) throws -> [UInt8] {
        let key = try #require(Self.key)
        var manifest: Object = [
            "format": "kontor-plugin-1", "name": "rental", "version": "1.0.0", "publisher": "rentals.example",
            "key": .string(Hex.encode(key.verifyingKey.rawBytes)),
            "files": .array(
                entries.map {
                    ["path": .string($0.name), "size": .int(Int64($0.bytes.count)), "sha256": .string(Digest.hex(Digest.sha256($0.bytes)))]
                }),
        ]
        change(&manifest)
        let text = JSON.serialize(.object(manifest))
        let signature = Array((Hex.encode(key.sign(Array("kontor.plugin.1\n".utf8) + text)) + "\n").utf8)
        return try Gzip.compress(Tar.write([("MANIFEST", text), ("SIGNATURE", signature)] + entries))
    }

    private var entries: [(name: String, bytes: [UInt8])] {
        [("SBOM.json", Array("{}".utf8))] + PluginBench.rental().sorted { $0.key < $1.key }.map { ("plugin/\($0.key)", $0.value) }
    }

    @Test func `what is packed is read again, and the same files give the same bytes`() throws {
        let files = PluginBench.rental(["README.md": "# Rental\n", "tests/a_test.lua": "return {}", "locales/es.json": "{}"])
        let bytes = try pack(files)
        #expect(try pack(files) == bytes)
        let archive = try ScriptThread.run { try PluginArchive(bytes) }
        #expect(archive.files == files)
        #expect(archive.name == "rental" && archive.version == "1.0.0" && archive.publisher == "rentals.example")
        #expect(archive.key == Self.key?.verifyingKey)
        #expect(archive.digest == Digest.hex(Digest.sha256(bytes)))
    }

    @Test func `tar reads it, and its bill of materials names each file with its digest`() throws {
        let folder = try Files.temporaryDirectory("kontor-archive")
        defer { try? Files.removeTree(folder) }
        let files = PluginBench.rental()
        try Files.writeAtomically("\(folder)/a.kontor", try pack(files))
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["-xzf", "\(folder)/a.kontor", "-C", folder]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        #expect(try Files.read("\(folder)/plugin/plugin.lua") == files["plugin.lua"])
        let bill = try JSON.parse(try Files.read("\(folder)/SBOM.json"))
        #expect(bill["bomFormat"] == "CycloneDX")
        let named = bill["components"]?.array?.first { $0["name"] == "records/asset.lua" }
        #expect(named?["hashes"]?.array?.first?["content"] == .string(Digest.hex(Digest.sha256(files["records/asset.lua"] ?? []))))
    }

    @Test func `a changed byte anywhere is refused`() throws {
        let bytes = try pack()
        for at in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[at] ^= 0x20
            // gzip's own header has bytes that mean nothing: time and system.
            if (4...9).contains(at) { continue }
            #expect(refusal(changed) != nil, "byte \(at)")
        }
        for count in stride(from: 0, to: bytes.count, by: 101) { #expect(refusal(Array(bytes[..<count])) != nil, "cut at \(count)") }
        #expect(refusal(bytes + [0])?.code == "plugin.archive_invalid")
    }

    @Test func `a changed file is refused although it is packed again`() throws {
        let entries = try Tar.read(try Gzip.expand(try pack(), limit: 1 << 20), most: 100)
        var changed = entries
        changed[3].bytes.append(10)
        #expect(refusal(try Gzip.compress(Tar.write(changed)))?.code == "plugin.archive_invalid")
        // A manifest that fits the change has no signature that fits it.
        var manifest = String(decoding: entries[0].bytes, as: UTF8.self)
        manifest = manifest.replacingOccurrences(of: "1.0.0", with: "1.0.1")
        changed = entries
        changed[0].bytes = Array(manifest.utf8)
        #expect(refusal(try Gzip.compress(Tar.write(changed)))?.code == "plugin.signature_invalid")
        changed = entries
        changed[1].bytes = Array((String(repeating: "00", count: 64) + "\n").utf8)
        #expect(refusal(try Gzip.compress(Tar.write(changed)))?.code == "plugin.signature_invalid")
    }

    @Test func `what a signature does not excuse`() throws {
        #expect(refusal(try forge(entries)) == nil)
        let cases: [(String, [(name: String, bytes: [UInt8])])] = [
            ("plugin.file_invalid", entries + [("plugin/../../etc/passwd", [])]),
            ("plugin.file_invalid", entries + [("plugin/.hidden", [])]),
            ("plugin.file_invalid", entries + [("plugin//etc/passwd", [])]),
            ("plugin.file_invalid", entries + [("plugin/a b.lua", [])]),
            ("plugin.archive_invalid", entries + [("elsewhere.lua", [])]),
            ("plugin.archive_invalid", entries + [entries[1]]),
            ("plugin.file_invalid", entries + [("plugin/PLUGIN.lua", [])]),
            ("plugin.too_large", entries + [("plugin/large.txt", [UInt8](repeating: 65, count: (256 << 10) + 1))]),
            ("plugin.no_manifest", [entries[0], ("plugin/lib/a.lua", [])]),
        ]
        for (code, entries) in cases { #expect(refusal(try forge(entries))?.code == code, "\(entries.last?.name ?? "")") }
        #expect(refusal(try forge(entries) { $0["version"] = "2.0.0" })?.code == "plugin.archive_invalid")
        #expect(refusal(try forge(entries) { $0["format"] = "other" })?.code == "plugin.archive_invalid")
        #expect(refusal(try forge(entries) { $0["key"] = "00" })?.code == "plugin.archive_invalid")
        #expect(refusal(try forge(entries) { $0["files"] = [] })?.code == "plugin.archive_invalid")
    }

    @Test func `links, folders and other things than files are refused`() throws {
        let tar = Tar.write(entries)
        for kind in "12345678xgLK".utf8 {
            var changed = tar
            changed[156] = kind
            // With a checksum that fits.
            let sum = changed[..<512].enumerated().reduce(0) { $0 + (148..<156 ~= $1.offset ? 0x20 : Int($1.element)) }
            let digits = Array(String(sum, radix: 8).utf8)
            for (offset, digit) in ([UInt8](repeating: 48, count: 6 - digits.count) + digits).enumerated() { changed[148 + offset] = digit }
            let error = #expect(throws: Problem.self) { try Tar.read(changed, most: 100) }
            #expect(error?.detail.contains("no plain file") == true, "\(kind)")
        }
    }

    @Test func `a bomb is defused`() throws {
        let bomb = try Gzip.compress([UInt8](repeating: 0, count: 64 << 20))
        #expect(bomb.count < 1 << 20)
        #expect(refusal(bomb)?.code == "plugin.archive_too_large")
        #expect(refusal([UInt8](repeating: 0, count: PluginArchive.mostBytes + 1))?.code == "plugin.archive_too_large")
        var many = entries
        for number in 0...PluginFiles.mostFiles { many.append(("plugin/lib/f\(number).lua", [])) }
        #expect(refusal(try forge(many)) != nil)
    }

    @Test func `a folder with a link, or a file that is too large, is not packed`() throws {
        let folder = try Files.temporaryDirectory("kontor-plugin")
        defer { try? Files.removeTree(folder) }
        try Files.writeAtomically("\(folder)/plugin.lua", PluginBench.manifest("1.0.0"))
        try Files.writeAtomically("\(folder)/.secret", "not for others")
        #expect(try PluginFiles.read(folder: folder).keys.sorted() == ["plugin.lua"])
        symlink("/etc/passwd", "\(folder)/passwd.txt")
        #expect(throws: Problem.self) { try PluginFiles.read(folder: folder) }
        try Files.remove("\(folder)/passwd.txt")
        try Files.writeAtomically("\(folder)/big.txt", [UInt8](repeating: 65, count: (256 << 10) + 1))
        let error = #expect(throws: Problem.self) { try PluginFiles.read(folder: folder) }
        #expect(error?.code == "plugin.too_large")
    }

    @Test func `a plugin without a publisher is not packed`() throws {
        var files = PluginBench.rental()
        files["plugin.lua"] = Array(PluginBench.manifest("1.0.0", publisher: "").utf8)
        let error = #expect(throws: Problem.self) { try pack(files) }
        #expect(error?.code == "plugin.no_publisher")
    }
}
