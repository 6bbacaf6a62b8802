// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArtifactClient

/// The choice of a mirror for each request.
@Suite struct MirrorBalanceTests {
    private var balance = MirrorBalance(count: 3)

    /// Chooses mirrors for so many requests, none of which ends.
    private func loads(_ count: Int, of balance: MirrorBalance) -> [Int] {
        var load = [0, 0, 0]
        for _ in 0..<count {
            if let mirror = balance.choice(load) { load[mirror] += 1 }
        }
        return load
    }

    @Test mutating func `A mirror that has delivered nothing gets few requests, beside others`() {
        balance.prefer(1)
        #expect(loads(4, of: balance) == [0, 4, 0])
        #expect(loads(6, of: balance) == [2, 4, 0])
        balance.noteDelivery(by: 1, bytes: 10, after: .milliseconds(1))
        #expect(loads(100, of: balance) == [2, 96, 2])
    }

    @Test mutating func `A mirror whose first answer is late gets another chance, but not one that stalls`() {
        for _ in 0..<4 { balance.noteDelivery(by: 0, bytes: 0, after: .milliseconds(1)) }
        balance.noteDelivery(by: 1, bytes: 0, after: .seconds(10))
        balance.noteStall(of: 2, after: .seconds(10))
        #expect(loads(100, of: balance) == [98, 2, 0])
    }

    @Test mutating func `Requests are spread by the time that each mirror takes`() {
        for (mirror, time) in [10, 20, 40].enumerated() {
            balance.noteDelivery(by: mirror, bytes: 0, after: .milliseconds(time))
        }
        #expect(loads(70, of: balance) == [40, 20, 10])
    }

    @Test mutating func `Time for many bytes is not held against a mirror`() {
        balance.noteDelivery(by: 0, bytes: 99 << 16, after: .seconds(1))
        for mirror in [1, 2] { balance.noteDelivery(by: mirror, bytes: 0, after: .milliseconds(10)) }
        #expect(loads(30, of: balance) == [10, 10, 10])
    }

    @Test mutating func `A mirror that lacks much gets less`() {
        for _ in 0..<9 {
            for mirror in 0..<3 { balance.noteDelivery(by: mirror, bytes: 0, after: .milliseconds(10)) }
        }
        for _ in 0..<10 { balance.noteAbsence(at: 2, after: .milliseconds(10)) }
        #expect(loads(50, of: balance) == [20, 20, 10])
    }

    @Test mutating func `A mirror that is left gets nothing, and the last one is not left`() {
        let results = [balance.leave(0), balance.leave(1), balance.leave(2)]
        #expect(results == [true, true, false])
        #expect(loads(9, of: balance) == [0, 0, 9])
        #expect(balance.preferred == 2)
    }

    @Test mutating func `A request that stalls goes to a mirror that would have delivered it long ago`() {
        balance.noteDelivery(by: 1, bytes: 0, after: .milliseconds(100))
        #expect(balance.replacement(for: 0, needing: .milliseconds(390), [1, 0, 0], avoiding: []) == nil)
        #expect(balance.replacement(for: 0, needing: .milliseconds(410), [1, 0, 0], avoiding: []) == 1)
        #expect(balance.replacement(for: 0, needing: .milliseconds(410), [1, 1, 0], avoiding: []) == nil)
        #expect(balance.replacement(for: 0, needing: .seconds(100), [1, 0, 0], avoiding: [1]) == 2)
        balance.noteStall(of: 0, after: .milliseconds(500))
        #expect(balance.replacement(for: 1, needing: .seconds(1), [0, 1, 0], avoiding: []) == nil)
    }

    @Test mutating func `A large object that comes slowly goes to a mirror with four times the speed`() {
        balance.noteDelivery(by: 1, bytes: 0, after: .zero)
        // Nothing is known of its speed.
        #expect(
            balance.replacement(for: 0, needing: .seconds(1), bytes: 10 << 20, [1, 0, 0], avoiding: []) == 1)
        balance.noteDelivery(by: 1, bytes: 1 << 20, after: .seconds(1))
        for (seconds, result) in [(39, nil), (42, 1)] {
            let found = balance.replacement(
                for: 0, needing: .seconds(seconds), bytes: 10 << 20, [1, 0, 0], avoiding: [2])
            #expect(found == result)
        }
        balance.noteStall(of: 0, bytes: 1 << 20, after: .seconds(2))
        #expect(
            balance.replacement(for: 1, needing: .seconds(50), bytes: 10 << 20, [0, 1, 0], avoiding: [2])
                == nil)
    }
}
