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
            name: "CGLib", path: "Interop/CGLib", pkgConfig: "glib-2.0", providers: [.apt(["libglib2.0-dev"])]
        ),
        .systemLibrary(
            name: "COSTree", path: "Interop/COSTree", pkgConfig: "ostree-1",
            providers: [.apt(["libostree-dev"])]),
        .systemLibrary(
            name: "CCurl", path: "Interop/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Interop/COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CDeflate", path: "Interop/CDeflate", pkgConfig: "libdeflate",
            providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(
            name: "CISAL", path: "Interop/CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Interop/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CYAML", path: "Interop/CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CLinux", path: "Interop/CLinux"),

        // The rooms: arrows run downwards only, see docs/ARCHITECTURE.md.
        .target(name: "SystemCalls", dependencies: ["CLinux"]),
        .target(name: "Variants", dependencies: ["CGLib"]),
        .target(name: "ArtifactProtocol", dependencies: ["Variants", "CGLib"]),
        .target(
            name: "ArtifactRepository",
            dependencies: [
                "ArtifactProtocol", "Variants", "SystemCalls", "COSTree", "COpenSSL", "CDeflate", "CISAL", "CZlib",
                "CLinux",
            ]),
        .target(
            name: "ArtifactClient",
            dependencies: [
                "ArtifactProtocol", "ArtifactRepository", "SystemCalls", "Variants", "CGLib", "CCurl",
                "CYAML",
            ]),
        .target(
            name: "ArtifactReceiver",
            dependencies: [
                "ArtifactProtocol", "ArtifactRepository", "SystemCalls",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "bst-artifact",
            dependencies: [
                "ArtifactClient", "ArtifactRepository", "ArtifactProtocol", "SystemCalls",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "bst-artifact-receive",
            dependencies: [
                "ArtifactReceiver", "ArtifactRepository", "ArtifactProtocol", "SystemCalls",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .testTarget(name: "ArtifactClientTests", dependencies: ["ArtifactClient", "TestSupport"]),
        .testTarget(name: "ArtifactProtocolTests", dependencies: ["ArtifactProtocol", "Variants"]),
        .testTarget(
            name: "ArtifactRepositoryTests",
            dependencies: ["ArtifactRepository", "ArtifactProtocol", "Variants"]),
        .executableTarget(
            name: "torture",
            dependencies: [
                "ArtifactReceiver", "ArtifactRepository", "ArtifactProtocol", "SystemCalls", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Tests/Torture"),
        .testTarget(name: "TestSupportTests", dependencies: ["TestSupport"]),
        .testTarget(
            name: "PushInteropTests",
            dependencies: [
                "ArtifactClient", "ArtifactReceiver", "TestSupport", "bst-artifact", "bst-artifact-receive",
            ]),
        .testTarget(
            name: "PullInteropTests",
            dependencies: [
                "ArtifactClient", "ArtifactReceiver", "TestSupport", "bst-artifact", "bst-artifact-receive",
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// CI takes no warning of ours; who builds with a newer compiler is not to be stopped by its new ones.
if Context.environment["WARNINGS_AS_ERRORS"] != nil {
    for target in package.targets where [.regular, .executable, .test].contains(target.type) {
        target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
    }
}
