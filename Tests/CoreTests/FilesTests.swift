import Core
import Glibc
import Testing

@Suite struct FilesTests {
    @Test func `a file is replaced whole, with its mode, leaving nothing else`() throws {
        try inTemporaryFolder { folder in
            let path = "\(folder)/key"
            try Files.writeAtomically(path, "one", mode: 0o600)
            try Files.writeAtomically(path, "two", mode: 0o600)
            #expect(try Files.text(path) == "two")
            #expect(try Files.mode(path) == 0o600)
            #expect(try Files.size(path) == 3)
            #expect(try Files.list(folder) == ["key"])
        }
    }

    @Test func `a write that fails leaves the old file and no rest`() throws {
        try inTemporaryFolder { folder in
            try Files.createDirectory("\(folder)/target/inner")
            let error = #expect(throws: FileError.self) { try Files.writeAtomically("\(folder)/target", "x") }
            #expect(error?.operation == "rename")
            #expect(try Files.list(folder) == ["target"])
        }
    }

    @Test func `what is missing is told with path and reason`() throws {
        try inTemporaryFolder { folder in
            let error = #expect(throws: FileError.self) { try Files.read("\(folder)/none") }
            #expect(error?.isNotFound == true)
            #expect(error?.description == "cannot open \(folder)/none: No such file or directory")
            #expect(error?.problem.detail.contains(folder) == false)
            try Files.remove("\(folder)/none")
            #expect(throws: FileError.self) { try Files.list("\(folder)/none") }
        }
    }

    @Test func `folders are made, listed in order and removed with all in them`() throws {
        try inTemporaryFolder { folder in
            try Files.createDirectory("\(folder)/a/b/c", mode: 0o700)
            try Files.createDirectory("\(folder)/a/b/c", mode: 0o700)
            try Files.append("\(folder)/a/z", [1, 2])
            try Files.append("\(folder)/a/z", [3], sync: true)
            try Files.copy("\(folder)/a/z", to: "\(folder)/a/B")
            symlink("/etc", "\(folder)/a/link")
            #expect(try Files.list("\(folder)/a") == ["B", "b", "link", "z"])
            #expect(try Files.read("\(folder)/a/B") == [1, 2, 3])
            #expect(Files.isDirectory("\(folder)/a/b") && !Files.isDirectory("\(folder)/a/z"))
            try Files.removeTree("\(folder)/a")
            try Files.removeTree("\(folder)/a")
            #expect(!Files.exists("\(folder)/a") && Files.exists("/etc/passwd"))
            #expect(try Files.freeBytes(folder) > 0)
        }
    }

    @Test func `a path with a zero byte reaches no file`() throws {
        try inTemporaryFolder { folder in
            try Files.writeAtomically("\(folder)/a", "x")
            #expect(!Files.exists("\(folder)/a\0b"))
            #expect(throws: FileError.self) { try Files.read("\(folder)/a\0b") }
            #expect(throws: FileError.self) { try Files.remove("\(folder)/a\0b") }
            #expect(try Files.list(folder) == ["a"])
        }
    }

    @Test func `too large or no text is refused`() throws {
        try inTemporaryFolder { folder in
            try Files.writeAtomically("\(folder)/a", [0xFF, 0xFE])
            #expect(throws: FileError("read", "\(folder)/a", errno: EFBIG)) { try Files.read("\(folder)/a", limit: 1) }
            #expect(throws: FileError("read", "\(folder)/a", errno: EILSEQ)) { try Files.text("\(folder)/a") }
        }
    }

    @Test(arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/", "a"), ("/", "/")])
    func `parents`(path: String, expected: String) { #expect(Files.parent(path) == expected) }

    private func inTemporaryFolder(_ body: (String) throws -> Void) throws {
        let folder = try Files.temporaryDirectory()
        defer { try? Files.removeTree(folder) }
        try body(folder)
    }
}
