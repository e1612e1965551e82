import Core
import Testing

@Suite struct DigestTests {
    @Test func `SHA-256 gives the published digests`() {
        #expect(Digest.hex(Digest.sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(Digest.hex(Digest.sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Digest.sha256([0x61, 0x62, 0x63]) == Digest.sha256("abc"))
    }

    @Test func `pieces give the digest of the whole`() {
        var digest = SHA256()
        for piece in ["a", "", String(repeating: "b", count: 100)] { digest.update(piece) }
        digest.update([0x63])
        #expect(digest.finalize() == Digest.sha256("a" + String(repeating: "b", count: 100) + "c"))
    }

    @Test func `a copy of a digest goes its own way`() {
        var one = SHA256()
        one.update("a")
        var two = one
        two.update("bc")
        #expect(two.finalize() == Digest.sha256("abc"))
        #expect(one.finalize() == Digest.sha256("a"))
    }
}

@Suite struct EncodingTests {
    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")])
    func `base64url of RFC 4648, unpadded`(text: String, encoded: String) {
        #expect(Base64URL.encode(Array(text.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(text.utf8))
    }

    @Test(arguments: ["Zg==", "Zh", "Z", "Zm9v\n", "+/+/", "Zm 8", "Zm9vé"])
    func `other base64 is refused`(text: String) { #expect(Base64URL.decode(text) == nil) }

    @Test func `every byte survives base64url and hex`() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        #expect(Hex.decode("FfaB") == [0xFF, 0xAB])
        #expect(Hex.decode("abc") == nil && Hex.decode("zz") == nil)
    }

    @Test func `tokens are long, safe and different`() {
        let tokens = (0..<100).map { _ in Random.token() }
        #expect(Set(tokens).count == 100)
        #expect(tokens.allSatisfy { $0.utf8.count == 43 && Base64URL.decode($0)?.count == 32 })
        #expect(Random.bytes(0).isEmpty && Random.bytes(5).count == 5)
        #expect((0..<100).allSatisfy { _ in Random.number(below: 3) < 3 })
    }

    @Test func `secrets are compared whole`() {
        #expect(constantTimeEquals("abc", "abc"))
        #expect(!constantTimeEquals("abc", "abd"))
        #expect(!constantTimeEquals("abc", "abcd"))
        #expect(constantTimeEquals([], [] as [UInt8]))
    }
}

@Suite struct SecretTests {
    @Test func `a password is known by its hash alone`() throws {
        let hash = try Password.hash("correct horse", cost: .minimum)
        #expect(hash.hasPrefix("$argon2id$") && hash.utf8.count < 128)
        #expect(Password.verify("correct horse", hash))
        #expect(!Password.verify("correct horsf", hash))
        #expect(!Password.verify("", hash))
        #expect(!Password.verify("correct horse", "no hash"))
        #expect(!Password.verify("correct horse", String(repeating: "x", count: 500)))
        #expect(try hash != Password.hash("correct horse", cost: .minimum))
        #expect(try Password.verify("", Password.hash("", cost: .minimum)))
        #expect(Password.needsRehash(hash) && !Password.needsRehash(hash, cost: .minimum))
        #expect(Password.needsRehash("no hash"))
    }

    @Test func `the standard cost is argon2id over 64 MiB`() throws {
        let hash = try Password.hash("x")
        #expect(hash.hasPrefix("$argon2id$v=19$m=65536,t=3,p=1$"))
        #expect(!Password.needsRehash(hash))
        #expect(Password.verify("x", hash))
    }

    @Test func `Ed25519 gives the published signature`() throws {
        // RFC 8032, section 7.1, test 2.
        let seed = try #require(Hex.decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let key = try SigningKey(rawBytes: seed)
        #expect(Hex.encode(key.verifyingKey.rawBytes) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        #expect(
            Hex.encode(key.sign([0x72]))
                == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        )
    }

    @Test func `a signature holds for one message and one key`() throws {
        let key = SigningKey.generate()
        var signature = key.sign("message")
        let known = try VerifyingKey(rawBytes: key.verifyingKey.rawBytes)
        #expect(known.verify(signature, of: "message"))
        #expect(!known.verify(signature, of: "messagf"))
        #expect(!SigningKey.generate().verifyingKey.verify(signature, of: "message"))
        #expect(!known.verify([], of: "message"))
        signature[3] ^= 1
        #expect(!known.verify(signature, of: "message"))
        #expect(throws: CryptoError.wrongLength(expected: 32, found: 31)) { try SigningKey(rawBytes: [UInt8](repeating: 1, count: 31)) }
        #expect(throws: CryptoError.self) { try VerifyingKey(rawBytes: []) }
        #expect(try SigningKey(rawBytes: key.rawBytes) == key)
        var dump = ""
        Swift.dump(key, to: &dump)
        #expect(!dump.contains("\(key.rawBytes[0]), \(key.rawBytes[1])") && !"\(key)".contains(Hex.encode(key.rawBytes)))
    }

    @Test func `a sealed secret opens with its key and in its place only`() throws {
        let key = Random.bytes(32)
        let box = try SecretBox(key: key)
        let sealed = box.seal("smtp password", context: "tenant:1/smtp")
        #expect(try SecretBox(key: key).openText(sealed, context: "tenant:1/smtp") == "smtp password")
        #expect(sealed != box.seal("smtp password", context: "tenant:1/smtp"))
        #expect(try box.open(box.seal([], context: ""), context: "") == [])
        #expect(throws: CryptoError.notAuthentic) { try box.open(sealed, context: "tenant:2/smtp") }
        #expect(throws: CryptoError.notAuthentic) { try SecretBox(key: Random.bytes(32)).open(sealed, context: "tenant:1/smtp") }
        for place in sealed.indices {
            var changed = sealed
            changed[place] ^= 1
            #expect(throws: CryptoError.notAuthentic) { try box.open(changed, context: "tenant:1/smtp") }
        }
        #expect(throws: CryptoError.notAuthentic) { try box.open([1, 2], context: "") }
        #expect(throws: CryptoError.wrongLength(expected: 32, found: 0)) { try SecretBox(key: []) }
    }

    @Test func `HMAC gives the published tag`() {
        // RFC 4231, test case 2.
        #expect(
            Hex.encode(Digest.hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func `a key file is made once and must stay private`() throws {
        let folder = try Files.temporaryDirectory()
        defer { try? Files.removeTree(folder) }
        let path = "\(folder)/secrets.key"
        let key = try KeyFile.loadOrCreate(path)
        #expect(key.count == 32)
        #expect(try KeyFile.loadOrCreate(path) == key)
        #expect(try Files.mode(path) == 0o600)
        #expect(throws: CryptoError.wrongLength(expected: 64, found: 32)) { try KeyFile.load(path, count: 64) }
        try Files.setMode(path, 0o640)
        #expect(throws: CryptoError.keyFileExposed(path: path)) { try KeyFile.loadOrCreate(path) }
    }
}
