import Core

/// A plugin in one file: a gzipped tar of `MANIFEST`, `SIGNATURE`, `SBOM.json` and `plugin/…`, the plugin's folder.
///
/// `MANIFEST` is JSON: format, name, version, publisher, the publisher's public key, and path, size and SHA-256 of every other
/// file. `SIGNATURE` is the publisher's Ed25519 signature over it, in hex. `SBOM.json` is a bill of materials in CycloneDX's
/// words. The same files and key give the same bytes.
package struct PluginArchive: Sendable {
    /// Of the archive as a file: what it unpacks to, and as much again for headers.
    package static let mostBytes = PluginFiles.mostBytes + 2 * PluginFiles.mostFiles * 512 + (1 << 20)
    static let format = "kontor-plugin-1"
    private static let manifestName = "MANIFEST"
    private static let signatureName = "SIGNATURE"
    private static let billName = "SBOM.json"
    private static let domain = "kontor.plugin.1\n"

    package let name: String
    package let version: String
    package let publisher: String
    package let key: VerifyingKey
    /// SHA-256 of the archive as a file, in hex.
    package let digest: String
    /// The plugin's files by their path in its folder.
    package let files: [String: [UInt8]]

    // MARK: Packing

    /// - Parameter files: as `PluginFiles.read` gives them.
    /// - Throws: what is wrong with the files or with `plugin.lua`; 422 `plugin.no_publisher`.
    package static func pack(_ files: [String: [UInt8]], key: SigningKey) throws -> [UInt8] {
        try PluginFiles.check(files)
        let manifest = try Manifest(files: files)
        try checkPublisher(manifest.publisher)
        let bill = JSON.serialize(billOfMaterials(manifest, files), pretty: true) + [10]
        var listed: [Value] = [describe(billName, bill)]
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) { listed.append(describe(PluginFiles.folder + path, bytes)) }
        let text = JSON.serialize(
            [
                "format": .string(format), "name": .string(manifest.name), "version": .string(manifest.version),
                "publisher": .string(manifest.publisher), "key": .string(Hex.encode(key.verifyingKey.rawBytes)),
                "files": .array(listed),
            ], pretty: true) + [10]
        let signature = Array((Hex.encode(key.sign(Array(domain.utf8) + text)) + "\n").utf8)
        var entries: [(name: String, bytes: [UInt8])] = [(manifestName, text), (signatureName, signature), (billName, bill)]
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) { entries.append((PluginFiles.folder + path, bytes)) }
        return try Gzip.compress(Tar.write(entries))
    }

    private static func describe(_ path: String, _ bytes: [UInt8]) -> Value {
        ["path": .string(path), "size": .int(Int64(bytes.count)), "sha256": .string(Digest.hex(Digest.sha256(bytes)))]
    }

    private static func billOfMaterials(_ manifest: Manifest, _ files: [String: [UInt8]]) -> Value {
        let reference = "\(manifest.name)@\(manifest.version)"
        var dependencies: [Value] = []
        var parts: [Value] = []
        for (other, range) in manifest.dependencies.sorted(by: { $0.name < $1.name }) {
            dependencies.append(.string("plugin:\(other)"))
            parts.append(["type": "application", "bom-ref": .string("plugin:\(other)"), "name": .string(other), "version": .string(range)])
        }
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            parts.append([
                "type": "file", "name": .string(path),
                "hashes": [["alg": "SHA-256", "content": .string(Digest.hex(Digest.sha256(bytes)))]],
            ])
        }
        return [
            "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": [
                "component": [
                    "type": "application", "bom-ref": .string(reference), "name": .string(manifest.name),
                    "version": .string(manifest.version), "publisher": .string(manifest.publisher),
                ]
            ],
            "components": .array(parts), "dependencies": [["ref": .string(reference), "dependsOn": .array(dependencies)]],
        ]
    }

    // MARK: Reading

    /// Reads and verifies an archive: its limits, every digest, the signature, and that `MANIFEST` tells of `plugin.lua` truly.
    ///
    /// - Throws: 413 `plugin.archive_too_large`, 422 `plugin.archive_invalid`, 422 `plugin.signature_invalid`, and what is wrong
    ///   with the files.
    package init(_ bytes: [UInt8]) throws {
        guard bytes.count <= Self.mostBytes else {
            throw Problem(413, "plugin.archive_too_large", "An archive has at most \(Self.mostBytes) bytes, this one has \(bytes.count).")
        }
        digest = Digest.hex(Digest.sha256(bytes))
        let entries = try Tar.read(try Gzip.expand(bytes, limit: Self.mostBytes), most: PluginFiles.mostFiles + 3)
        guard entries.count > 3, entries[0].name == Self.manifestName, entries[1].name == Self.signatureName else {
            throw Self.wrong("does not begin with \(Self.manifestName) and \(Self.signatureName)")
        }
        // Nothing that the manifest says counts before its signature does.
        let text = entries[0].bytes
        let limits = JSONLimits(depth: 4, nodes: 8 * (PluginFiles.mostFiles + 8))
        guard let manifest = try? JSON.parse(text, limits: limits), manifest["format"]?.string == Self.format else {
            throw Self.wrong("has a \(Self.manifestName) that is not of the format \(Self.format)")
        }
        guard let key = manifest["key"]?.string.flatMap(Hex.decode).flatMap({ try? VerifyingKey(rawBytes: $0) }) else {
            throw Self.wrong("names no key in its \(Self.manifestName)")
        }
        let signature = String(decoding: entries[1].bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard signature.count == 2, signature[1].isEmpty, let signed = Hex.decode(String(signature[0])),
            key.verify(signed, of: Array(Self.domain.utf8) + text)
        else {
            throw Problem(
                422, "plugin.signature_invalid",
                "The archive's signature does not fit its \(Self.manifestName): it was changed after it was signed, or was never signed.")
        }
        files = try Self.verified(entries.dropFirst(2), listed: manifest["files"]?.array ?? [])
        try PluginFiles.check(files)
        let declared = try Manifest(files: files)
        for (member, value) in [("name", declared.name), ("version", declared.version), ("publisher", declared.publisher)] {
            guard manifest[member]?.string == value else {
                throw Self.wrong("says “\(manifest[member]?.string ?? "")” as its \(member), and plugin.lua says “\(value)”")
            }
        }
        try Self.checkPublisher(declared.publisher)
        self.key = key
        name = declared.name
        version = declared.version
        publisher = declared.publisher
    }

    /// The plugin's files, once each file is the one that the manifest lists, and none is missing or more.
    private static func verified(
        _ entries: ArraySlice<(name: String, bytes: [UInt8])>, listed: [Value]
    ) throws(Problem) -> [String: [UInt8]] {
        guard listed.count == entries.count else { throw wrong("does not hold the files that its \(manifestName) lists") }
        var files: [String: [UInt8]] = [:]
        for (entry, item) in zip(entries, listed) {
            guard item["path"]?.string == entry.name, item["size"]?.int == Int64(entry.bytes.count),
                item["sha256"]?.string == Digest.hex(Digest.sha256(entry.bytes))
            else { throw wrong("holds \(entry.name), which is not the file that its \(manifestName) lists") }
            if entry.name == billName { continue }
            guard entry.name.hasPrefix(PluginFiles.folder) else { throw wrong("holds \(entry.name), which belongs to no plugin") }
            let path = String(entry.name.dropFirst(PluginFiles.folder.count))
            try PluginFiles.check(path)
            guard files.updateValue(entry.bytes, forKey: path) == nil else { throw wrong("holds \(path) twice") }
        }
        return files
    }

    /// Letters, digits, dots and hyphens, such as `acme.example`.
    static func checkPublisher(_ publisher: String) throws(Problem) {
        let fits =
            !publisher.isEmpty && publisher.utf8.count <= 100
            && publisher.utf8.allSatisfy {
                ($0 >= 97 && $0 <= 122) || ($0 >= 65 && $0 <= 90) || ($0 >= 48 && $0 <= 57) || $0 == 45 || $0 == 46
            }
        guard fits else {
            throw Problem(
                422, "plugin.no_publisher",
                "plugin.lua must name its publisher in letters, digits, dots and hyphens, such as publisher = \"acme.example\".",
                field: "publisher")
        }
    }

    private static func wrong(_ what: String) -> Problem {
        Problem(422, "plugin.archive_invalid", "The archive \(what).")
    }
}
