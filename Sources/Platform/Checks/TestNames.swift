/// The names that test files have beside those of every script: asked of the sandbox that they run in.
enum TestNames {
    static let all: Set<String> = Set(HostSurface.tests.globals.keys).subtracting(HostSurface.scripts.globals.keys)
}
