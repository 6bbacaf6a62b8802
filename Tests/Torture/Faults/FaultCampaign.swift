// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TestSupport

/// Every fault at every call of every shape of push, or a part of that.
struct FaultCampaign {
    /// Only every so many-th run is made.
    var stride = 1
    /// This worker's number and how many there are.
    var shard = (number: 0, count: 1)

    private static let faults: [Fault] = [
        .failure(ENOSPC), .failure(EIO), .kill, .powerCut, .untidyPowerCut(seed: 1), .untidyPowerCut(seed: 2),
    ]

    /// Only every so many-th run is made as on file systems that lack calls.
    private static let rarity = 4

    /// The results for one fault.
    struct Tally: Codable {
        var points = 0
        var failures: [String] = []
    }

    /// Runs, and reports for each fault how often it was injected and which promises were broken.
    func run() throws -> [String: Tally] {
        // In memory, where syncing costs nothing: what a power cut leaves is modelled.
        let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()
        let place = "\(base)/torture-\(getpid())"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        let directory = try TemporaryDirectory()
        var tallies: [String: Tally] = [:]
        var run = 0
        for (shape, fileSystem) in try PushShape.all(in: directory).flatMap({ shape in
            FileSystemKind.allCases.map { (shape, $0) }
        }) {
            let calls = try inDirectory(place) {
                try FaultRun(shape: shape, fileSystem: fileSystem, place: $0).countCalls()
            }
            for point in 0..<calls {
                for fault in FaultCampaign.faults {
                    run += 1
                    // A part is chosen by lot, the same every time, so that no pattern of calls escapes it.
                    var lot = Random(seed: UInt64(run))
                    let stride = stride * (fileSystem == .complete ? 1 : FaultCampaign.rarity)
                    guard lot.next() % UInt64(stride) == 0, run % shard.count == shard.number else {
                        continue
                    }
                    let failures = try inDirectory(place) {
                        try FaultRun(shape: shape, fileSystem: fileSystem, place: $0).run(fault, at: point)
                    }
                    tallies["\(fault)", default: Tally()].points += 1
                    tallies["\(fault)", default: Tally()].failures += failures
                }
            }
        }
        return tallies
    }

    private func inDirectory<T>(_ base: String, _ body: (String) throws -> T) throws -> T {
        let place = "\(base)/run"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        return try body(place)
    }
}
