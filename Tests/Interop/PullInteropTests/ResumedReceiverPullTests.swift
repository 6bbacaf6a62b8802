// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Pulls from a receiver that break off in the middle of a large file, and those that follow.
@Suite struct ResumedReceiverPullTests {
    private static let size = 30 << 20
    private static let passed = 20_000_000
    private static let remote = "ssh://localhost/artifacts"

    /// Pulls from a receiver whose connection ends in the middle.
    private func interruptedStage(_ mode: OSTreeCommand.Mode) throws -> Stage {
        let stage = try Stage(mode) { tree in
            try Stage.makePlainTree(tree)
            try Stage.makeNoise("\(tree)/large", megabytes: Self.size >> 20)
        }
        let carrier = try stage.carrierOfPulls(.cut(Self.passed))
        _ = try stage.pullBadly(
            from: Self.remote, ["--ssh", carrier.path], environment: Stage.allCapabilities)
        #expect(try Stage.fragments(stage.mine).contains { $0.size > Self.passed * 9 / 10 })
        return stage
    }

    /// Pulls to the end.
    ///
    /// - Returns: the number of bytes that it took.
    private func finish(_ stage: Stage) throws -> Int {
        let carrier = try stage.carrierOfPulls(.counted)
        try stage.pullWell(
            from: Self.remote, ["--ssh", carrier.path], environment: Stage.allCapabilities)
        try stage.expectPulled()
        return carrier.count
    }

    @Test(arguments: [OSTreeCommand.Mode.archive, .bareUser, .bareUserOnly])
    func `The next pull continues the file`(mode: OSTreeCommand.Mode) throws {
        let count = try finish(interruptedStage(mode))
        #expect(count < Self.size / 2, "\(count)")
    }

    @Test(arguments: [0, passed / 2])
    func `What is damaged is noticed, and the file comes again in the same pull`(offset: Int) throws {
        let stage = try interruptedStage(.bareUser)
        for fragment in try Stage.fragments(stage.mine) { try Stage.damage(fragment.path, at: offset) }
        let count = try finish(stage)
        #expect(count > Self.size + (Self.size - Self.passed), "\(count)")
        #expect(count < 2 * Self.size)
    }
}
