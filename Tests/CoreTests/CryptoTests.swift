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
