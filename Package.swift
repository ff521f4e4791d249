// swift-tools-version: 6.2
import PackageDescription

/// The house is described in docs/ARCHITECTURE.md. The doors between its rooms are the `dependencies` below;
/// `scripts/check` builds with `--explicit-target-dependency-import-check error`, so an import that is not a
/// door does not compile.

/// Every target builds with these. Warnings are errors: a warning that is let stand hides the next one.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Targets that touch no C: no unsafe construct passes unmarked.
let safe: [SwiftSetting] = strict + [.strictMemorySafety()]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "advised",
    products: [
        .executable(name: "advised", targets: ["advised"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries, each with exactly one importer.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CMark", pkgConfig: "libcmark", providers: [.apt(["libcmark-dev"])]),
        .systemLibrary(name: "CLinux"),

        // The rooms, inside out.
        .target(name: "AdviceCore", swiftSettings: safe),
        .target(name: "AdviceQueue", swiftSettings: strict),
        .target(name: "AdviceConfig", dependencies: ["AdviceCore", yams], swiftSettings: safe),
        .target(name: "AdviceMessage", dependencies: ["AdviceCore", "CMark", crypto], swiftSettings: strict),
        .target(
            name: "AdviceStore", dependencies: ["AdviceCore", "CSQLite", "CPostgres"], swiftSettings: strict),
        .target(
            name: "AdviceCourier", dependencies: ["AdviceCore", "AdviceQueue", "CCurl"],
            swiftSettings: strict),
        .target(name: "AdviceListener", dependencies: ["CMicroHTTPD"], swiftSettings: strict),
        .target(
            name: "AdviceStatus",
            dependencies: [
                "AdviceCore", "AdviceConfig", "AdviceMessage", "AdviceStore", "AdviceListener", mustache,
            ],
            swiftSettings: strict),
        .target(
            name: "AdviceDaemon",
            dependencies: [
                "AdviceCore", "AdviceQueue", "AdviceConfig", "AdviceMessage", "AdviceStore",
                "AdviceCourier", "AdviceListener", "AdviceStatus", "CLinux", logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "advised",
            dependencies: [
                "AdviceCore", "AdviceConfig", "AdviceMessage", "AdviceStore", "AdviceCourier",
                "AdviceDaemon", "AdviceListener", "AdviceStatus", argumentParser, logging,
            ],
            swiftSettings: strict),

        // Figures with their peers beside them: see Benchmarks/.
        .executableTarget(
            name: "zones-bench",
            dependencies: ["AdviceDaemon", "AdviceConfig", "AdviceStore", "AdviceCore"],
            path: "Benchmarks/zones/Sources", swiftSettings: strict),
        .executableTarget(
            name: "courier-bench", dependencies: ["AdviceCourier", "AdviceCore"],
            path: "Benchmarks/courier/Sources", swiftSettings: strict),
        .executableTarget(
            name: "store-bench", dependencies: ["AdviceStore", "AdviceCore"],
            path: "Benchmarks/store/Sources", swiftSettings: strict),

        // Tests mirror the rooms.
        .target(name: "TestTools", path: "Tests/TestTools", swiftSettings: strict),
        .target(
            name: "AdviceTesting", dependencies: ["AdviceCore"], path: "Tests/AdviceTesting",
            swiftSettings: strict),
        .executableTarget(
            name: "advice-simulation", dependencies: ["AdviceCore", "AdviceTesting"],
            path: "Tests/AdviceSimulation", swiftSettings: strict),
        .testTarget(
            name: "AdviceSimulationTests", dependencies: ["AdviceCore", "AdviceTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "AdviceCoreTests", dependencies: ["AdviceCore", "AdviceTesting"], exclude: ["Oracle"],
            swiftSettings: strict),
        .testTarget(
            name: "AdviceConfigTests",
            dependencies: ["AdviceConfig", "AdviceCore", "AdviceTesting", "TestTools"],
            exclude: ["Corpus"], swiftSettings: strict),
        .testTarget(
            name: "AdviceMessageTests", dependencies: ["AdviceMessage", "AdviceCore", "TestTools"],
            exclude: ["Golden", "Schemas"], swiftSettings: strict),
        .testTarget(name: "AdviceListenerTests", dependencies: ["AdviceListener"], swiftSettings: strict),
        .testTarget(
            name: "AdviceStatusTests",
            dependencies: [
                "AdviceStatus", "AdviceConfig", "AdviceCore", "AdviceListener", "AdviceMessage",
                "AdviceStore", "TestTools",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AdviceStoreTests",
            dependencies: ["AdviceStore", "AdviceCore", "AdviceTesting", "TestTools"],
            swiftSettings: strict),
        .testTarget(
            name: "AdviceCourierTests", dependencies: ["AdviceCourier", "AdviceCore", "AdviceTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "AdviceDaemonTests",
            dependencies: ["AdviceDaemon", "AdviceConfig", "AdviceCore", "AdviceStore"],
            swiftSettings: strict),
        .testTarget(
            name: "AdviceEndToEndTests", dependencies: ["TestTools"], exclude: ["Receivers"],
            swiftSettings: strict),
        .testTarget(name: "AdviceTidyTests", swiftSettings: strict),

        // Every parser as a fuzzer feeds it (scripts/fuzz), and the seeds that are kept.
        .target(
            name: "FuzzedParsers", dependencies: ["AdviceConfig", "AdviceCore", "AdviceCourier"],
            path: "Tests/Fuzz/Parsers", swiftSettings: strict),
        .testTarget(
            name: "AdviceFuzzTests", dependencies: ["FuzzedParsers"], path: "Tests/Fuzz/Tests",
            swiftSettings: strict),
    ]
)
