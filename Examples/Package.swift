// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// What a package says that uses the library; with a URL and a version in place of the path.
let cache: Package.Dependency = .package(name: "ostree-artifact-cache", path: "..")
func library(_ name: String) -> Target.Dependency {
    .product(name: name, package: "ostree-artifact-cache")
}

let package = Package(
    name: "examples",
    dependencies: [cache, .package(url: "https://github.com/apple/swift-log", from: "1.16.2")],
    targets: [
        .executableTarget(
            name: "push-from-builder",
            dependencies: [library("ArtifactClient"), library("ArtifactRepository")]),
        .executableTarget(
            name: "embedded-receiver",
            dependencies: [
                library("ArtifactReceiver"), library("ArtifactRepository"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(name: "tiny-peer", dependencies: [library("ArtifactProtocol")]),
    ],
    swiftLanguageModes: [.v6]
)
