// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport

/// A host with a home of its own, which reaches the bucket through one of the gateways.
struct BucketRaceHost {
    let address: String
    let environment: [String: String?]

    init(_ number: Int, _ bucket: CephBucket, _ ground: RaceGround) throws {
        address = "\(bucket.location)"
        let home = "\(ground.place)/host-\(number)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        environment = RacePusher.environment
            .merging(bucket.environment(gateway: number % 2)) { $1 }
            .merging(["HOME": home, "XDG_CACHE_HOME": "\(home)/cache"]) { $1 }
    }

    /// The options of a push, by a receiver of this host or without any.
    func remote(byReceiver: Bool) throws -> [String] {
        ["--remote", address]
            + (byReceiver ? ["--receiver", "\(try Programs.receiver()) --moves forward"] : [])
    }

    /// Runs `bst-artifact`.
    func artifact(_ arguments: [String]) throws -> ProcessResult {
        try run([Programs.artifact()] + arguments, environment: environment)
    }
}
