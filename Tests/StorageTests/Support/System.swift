import Glibc

func ownProcess() -> Int32 { getpid() }

/// Where a descriptor's link leads; nil when it was closed meanwhile.
func descriptor(path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
}
