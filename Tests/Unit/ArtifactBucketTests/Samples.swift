// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

@testable import S3

/// Numbers that look random, and are the same each time.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

/// Makes three of ten attempts fail, before or behind their effect.
struct RandomFaults: RequestObserver {
    func willSend(_ request: ObservedRequest) -> RequestFault? {
        guard Int.random(in: 0..<10) < 3 else { return nil }
        return [.refused, .rejected(status: 503), .lostAnswer, .failedAnswer(status: 500)].randomElement()
    }

    func didReceive(_ request: ObservedRequest, status: Int) {}
}

extension S3Configuration {
    /// Makes requests fail often, and be repeated soon.
    mutating func addFaults() {
        retries.firstDelay = .milliseconds(5)
        // Ten faults one after the other are rare, but not rare enough.
        retries.attempts = 30
        #if DEBUG
            observer = RandomFaults()
        #endif
    }
}

/// A checksum of a text, for tests that need some commit.
func checksum(_ text: String) -> Checksum { Digest(of: Array(text.utf8)).finish() }
