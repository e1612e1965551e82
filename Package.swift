// swift-tools-version: 6.2
// The map of the rooms: arrows go down this list only, and the compiler guards them.
import PackageDescription

let swift: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]

// The bridge is optimised in debug builds too: the sandbox's clocks and budgets are tuned for compiled-for-speed code.
// KONTOR_COVERAGE counts what is reached of it: see Tests/Coverage.
let counters = Context.environment["KONTOR_COVERAGE"] == nil ? [] : ["-fprofile-instr-generate", "-fcoverage-mapping"]
let c: [CSetting] = [.unsafeFlags(["-O2", "-std=gnu11", "-Wall", "-Wextra"] + counters)]

func room(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"], resources: resources, swiftSettings: swift)
}

func tests(of room: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(room)Tests", dependencies: [.byName(name: room)] + dependencies, exclude: exclude, swiftSettings: swift)
}

let package = Package(
    name: "kontor",
    targets: [
        .executableTarget(name: "kontor", dependencies: ["Server"], swiftSettings: swift),
        room("Server", ["Platform", "CMicrohttpd", "CBridge"]),
        room("Platform", ["Ledger", "Scripting", "CBridge"], resources: [.embedInCode("Prelude")]),
        room("Scripting", ["Core", "CBridge"]),
        room("Ledger", ["Storage"]),
        room("Storage", ["Core", "CSQLite", "CBridge"]),
        room("Core", ["CSodium", "CNettle"]),

        .target(name: "CBridge", dependencies: ["CLua", "CSQLite", "CMicrohttpd", "CZlib", "CCurl"], cSettings: c),
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3"),
        .systemLibrary(name: "CMicrohttpd", pkgConfig: "libmicrohttpd"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl"),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium"),
        .systemLibrary(name: "CNettle", pkgConfig: "nettle"),

        tests(of: "Core", exclude: ["Vectors"]),
        tests(of: "Storage"),
        tests(of: "Ledger", ["TestSupport"]),
        tests(of: "Scripting"),
        tests(of: "Platform", ["TestSupport"]),
        tests(of: "Server", ["TestSupport"]),
        .testTarget(name: "KontorTests", dependencies: ["kontor", "TestSupport"], swiftSettings: swift),
        .target(name: "TestSupport", dependencies: ["Core"], path: "Tests/TestSupport", swiftSettings: swift),
    ]
)
