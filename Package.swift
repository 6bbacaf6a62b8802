// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "ostree-artifact-cache",
    products: [
        .library(name: "ArtifactProtocol", targets: ["ArtifactProtocol"]),
        .library(name: "ArtifactRepository", targets: ["ArtifactRepository"]),
        .library(name: "ArtifactClient", targets: ["ArtifactClient"]),
        .library(name: "ArtifactReceiver", targets: ["ArtifactReceiver"]),
        .executable(name: "bst-artifact", targets: ["bst-artifact"]),
        .executable(name: "bst-artifact-receive", targets: ["bst-artifact-receive"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // What the project links that is written in C: Interop/.
        .systemLibrary(
            name: "CGLib", path: "Interop/Libraries/CGLib", pkgConfig: "glib-2.0",
            providers: [.apt(["libglib2.0-dev"])]
        ),
        .systemLibrary(
            name: "COpenSSL", path: "Interop/Libraries/COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CDeflate", path: "Interop/Libraries/CDeflate", pkgConfig: "libdeflate",
            providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(
            name: "CISAL", path: "Interop/Libraries/CISAL", pkgConfig: "libisal",
            providers: [.apt(["libisal-dev"])]),
        .systemLibrary(
            name: "CLZMA", path: "Interop/Libraries/CLZMA", pkgConfig: "liblzma",
            providers: [.apt(["liblzma-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Interop/Libraries/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CYAML", path: "Interop/Libraries/CYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", path: "Interop/Libraries/CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CLinux", path: "Interop/Libraries/CLinux"),
        // Libraries that are loaded when they are needed, so not linked.
        .target(name: "CCurl", path: "Interop/Libraries/CCurl"),
        .target(name: "COSTree", dependencies: ["CGLib"], path: "Interop/Libraries/COSTree"),

        // The modules: arrows run downwards only, see docs/ARCHITECTURE.md.
        .target(name: "SystemCalls", dependencies: ["CLinux"]),
        .target(name: "Variants", dependencies: ["CGLib"]),
        .target(name: "TextCoding", dependencies: ["CGLib", "CLinux"]),
        .target(
            name: "S3",
            dependencies: ["SystemCalls", "TextCoding", "CCurl", "CYAML", "CGLib", "COpenSSL"]),
        .target(name: "ArtifactProtocol", dependencies: ["TextCoding", "Variants"]),
        .target(
            name: "ArtifactRepository",
            dependencies: [
                "ArtifactProtocol", "TextCoding", "Variants", "SystemCalls", "COSTree", "COpenSSL",
                "CDeflate", "CISAL", "CLZMA", "CZlib", "CLinux",
            ]),
        .target(
            name: "ArtifactClient",
            dependencies: [
                "ArtifactProtocol", "ArtifactRepository", "S3", "SystemCalls", "TextCoding", "CCurl", "CYAML",
            ]),
        .target(
            name: "ArtifactReceiver",
            dependencies: [
                "ArtifactProtocol", "ArtifactRepository", "SystemCalls",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "ArtifactBucket",
            dependencies: ["ArtifactRepository", "ArtifactProtocol", "S3", "SystemCalls", "Variants"]),
        .target(
            name: "ArtifactServer",
            dependencies: [
                "ArtifactProtocol", "ArtifactRepository", "SystemCalls", "TextCoding", "CMicroHTTPD",
                "COpenSSL", "CLinux",
            ]),
        .target(
            name: "ServerSetup",
            dependencies: [
                "ArtifactClient", "ArtifactRepository", "ArtifactProtocol", "SystemCalls", "TextCoding",
            ]),
        .target(
            name: "CommandLineSupport",
            dependencies: [
                "ArtifactRepository", "ArtifactProtocol",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "bst-artifact",
            dependencies: [
                "ArtifactBucket", "ArtifactClient", "ArtifactServer", "ServerSetup", "CommandLineSupport",
                "ArtifactRepository", "ArtifactProtocol", "S3", "SystemCalls", "TextCoding",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "bst-artifact-receive",
            dependencies: [
                "ArtifactBucket", "ArtifactReceiver", "ArtifactClient", "CommandLineSupport",
                "ArtifactRepository",
                "ArtifactProtocol", "SystemCalls", "TextCoding",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        // Tests/Support: what tests need.
        .target(name: "TestSupport", path: "Tests/Support/TestSupport"),
        .target(
            name: "WireSamples", dependencies: ["TestSupport", "ArtifactProtocol", "Variants"],
            path: "Tests/Support/WireSamples"),
        .target(name: "S3Samples", dependencies: ["S3", "TestSupport"], path: "Tests/Support/S3Samples"),
        // Starts a program and prints its peak memory, which only a parent learns.
        .executableTarget(name: "peak-memory", path: "Tests/Support/PeakMemory"),
        // Starts a program for which some system calls fail.
        .executableTarget(name: "refuse-calls", path: "Tests/Support/RefuseCalls"),

        // Tests/Unit: one module each.
        .testTarget(
            name: "ArtifactClientTests", dependencies: ["ArtifactClient"],
            path: "Tests/Unit/ArtifactClientTests"),
        .testTarget(
            name: "ArtifactProtocolTests",
            dependencies: ["ArtifactProtocol", "TextCoding", "Variants", "TestSupport"],
            path: "Tests/Unit/ArtifactProtocolTests"),
        .testTarget(
            name: "ArtifactRepositoryTests",
            dependencies: [
                "ArtifactRepository", "ArtifactProtocol", "SystemCalls", "Variants", "TestSupport",
                "WireSamples",
                "COSTree",
            ],
            path: "Tests/Unit/ArtifactRepositoryTests"),
        .testTarget(
            name: "S3Tests", dependencies: ["S3", "S3Samples", "SystemCalls", "TestSupport", "CCurl"],
            path: "Tests/Unit/S3Tests"),
        .testTarget(
            name: "ArtifactBucketTests",
            dependencies: [
                "ArtifactBucket", "ArtifactRepository", "ArtifactProtocol", "S3", "S3Samples", "SystemCalls",
                "TestSupport", "Variants",
            ],
            path: "Tests/Unit/ArtifactBucketTests"),
        .testTarget(
            name: "TestSupportTests", dependencies: ["TestSupport"], path: "Tests/Unit/TestSupportTests"),

        // Tests/Interop: the built programs, with each other and with peers.
        .testTarget(
            name: "PushInteropTests",
            dependencies: [
                "ArtifactClient", "ArtifactReceiver", "TestSupport", "WireSamples", "bst-artifact",
                "bst-artifact-receive", "refuse-calls",
            ], path: "Tests/Interop/PushInteropTests"),
        .testTarget(
            name: "PullInteropTests",
            dependencies: [
                "ArtifactClient", "ArtifactRepository", "ArtifactProtocol", "TestSupport", "bst-artifact",
                "bst-artifact-receive",
            ], path: "Tests/Interop/PullInteropTests"),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "ArtifactServer", "ArtifactRepository", "ArtifactProtocol", "SystemCalls", "TestSupport",
                "bst-artifact",
            ], path: "Tests/Interop/ServerTests", exclude: ["type_in_browser.py"]),
        .testTarget(
            name: "BucketTests",
            dependencies: ["S3", "S3Samples", "TestSupport", "bst-artifact", "bst-artifact-receive"],
            path: "Tests/Interop/BucketTests"),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["TestSupport", "bst-artifact", "bst-artifact-receive"],
            path: "Tests/Interop/CommandLineTests", exclude: ["Snapshots"]),

        // Tests/Attacks and Tests/Torture: hostile peers, and faults at every system call.
        .target(
            name: "Attacks",
            dependencies: ["TestSupport", "S3Samples", "WireSamples", "Variants", "COpenSSL"],
            path: "Tests/Attacks", exclude: ["AttackTests"]),
        .testTarget(
            name: "AttackTests",
            dependencies: ["Attacks", "bst-artifact", "bst-artifact-receive", "peak-memory"],
            path: "Tests/Attacks/AttackTests"),
        .executableTarget(
            name: "torture",
            dependencies: [
                "ArtifactReceiver", "ArtifactRepository", "ArtifactProtocol", "SystemCalls", "TestSupport",
                "S3Samples", "Attacks", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Tests/Torture"),
    ],
    swiftLanguageModes: [.v6]
)

// CI takes no warning of ours; who builds with a newer compiler is not to be stopped by its new ones.
if Context.environment["WARNINGS_AS_ERRORS"] != nil {
    for target in package.targets where [.regular, .executable, .test].contains(target.type) {
        target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
    }
}

// With FUZZ=1 there are programs that libFuzzer feeds, and all of ours is compiled for it: see Tests/Fuzz and `make fuzz`.
if Context.environment["FUZZ"] != nil {
    let sanitized: [String] = ["-sanitize=fuzzer,address"]
    for target in package.targets where target.type == .regular && target.name != "CLinux" {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(sanitized + ["-enable-testing"])]
    }
    func fuzzTarget(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
        .executableTarget(
            name: name, dependencies: ["FuzzSupport"] + dependencies, path: "Tests/Fuzz/\(name)",
            swiftSettings: [.unsafeFlags(sanitized + ["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(sanitized + ["-use-ld=lld"])])
    }
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
        .target(
            name: "FuzzSupport", dependencies: ["ArtifactProtocol", "CFuzzer"], path: "Tests/Fuzz/FuzzSupport"
        ),
        fuzzTarget("FuzzFrames", ["ArtifactProtocol", "Variants"]),
        fuzzTarget("FuzzTar", ["ArtifactProtocol"]),
        fuzzTarget("FuzzObjects", ["ArtifactProtocol", "ArtifactRepository"]),
        fuzzTarget("FuzzSummary", ["ArtifactProtocol", "ArtifactRepository", "SystemCalls"]),
        fuzzTarget(
            "FuzzDelta", ["ArtifactProtocol", "ArtifactRepository", "SystemCalls", "Variants"]),
        fuzzTarget(
            "FuzzReceiver", ["ArtifactProtocol", "ArtifactRepository", "ArtifactReceiver", "SystemCalls"]),
    ]
}
