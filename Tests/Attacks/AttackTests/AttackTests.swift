// SPDX-License-Identifier: Apache-2.0

import Attacks
import Foundation
import Testing

/// Every attack of the table, against the built programs.
@Suite struct AttackTests {
    /// One of twenty attacks: a cache that is unchanged to the byte needs neither fsck nor a push to show that it works.
    private static let followedUp = Set(
        stride(from: 0, to: Attack.all.count, by: 20).map { Attack.all[$0].description })

    /// Those whose description holds what `ATTACKS` says; one of three, in each group, where it says nothing. `make torture`
    /// plays all of them, each followed by a push.
    private static let selected: [Attack] = {
        if let text = ProcessInfo.processInfo.environment["ATTACKS"] {
            return Attack.all.filter { $0.description.contains(text) }
        }
        return Attack.Group.allCases.flatMap { group in
            Attack.all.filter { $0.group == group }.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
        }
    }()

    /// A third of these.
    private static let selectedOnBuckets = Attack.onBuckets.filter { attack in
        selected.contains { $0.description == attack.description }
    }.enumerated().filter { $0.offset % 3 == 0 || ProcessInfo.processInfo.environment["ATTACKS"] != nil }.map(
        \.element)

    @Test(arguments: selected)
    func `A hostile peer is repelled`(_ attack: Attack) throws {
        let result = try attack.run(isThorough: Self.followedUp.contains(attack.description))
        #expect(result.problems.isEmpty, "\(attack)\n\(result.problems.joined(separator: "\n"))")
    }

    @Test(arguments: selectedOnBuckets)
    func `A hostile client of a cache in a bucket is repelled`(_ attack: Attack) throws {
        let result = try attack.runOnBucket()
        #expect(result.problems.isEmpty, "\(attack)\n\(result.problems.joined(separator: "\n"))")
    }

    @Test func `No attack is twice in the table`() {
        let names = Attack.all.map(\.description)
        #expect(Set(names).count == names.count, "\(names.filter { name in names.count { $0 == name } > 1 })")
    }

    @Test(arguments: Attack.Group.allCases)
    func `There are attacks of every group`(group: Attack.Group) {
        #expect(!Attack.all.allSatisfy { $0.group != group })
    }
}

extension Attack: CustomTestStringConvertible {
    /// Group and name.
    public var testDescription: String { description }
}
