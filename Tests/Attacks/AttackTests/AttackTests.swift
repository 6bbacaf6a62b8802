// SPDX-License-Identifier: Apache-2.0

import Attacks
import Foundation
import Testing

/// Every attack of the table, against the built programs.
@Suite("A hostile peer") struct AttackTests {
    /// What leaves a cache as it was, byte for byte, leaves it usable: one of twenty such attacks is followed up.
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

    @Test("is repelled", arguments: selected)
    func attack(_ attack: Attack) throws {
        let result = try attack.run(isThorough: Self.followedUp.contains(attack.description))
        #expect(result.problems.isEmpty, "\(attack)\n\(result.problems.joined(separator: "\n"))")
    }

    @Test("finds no attack twice in the table")
    func names() {
        let names = Attack.all.map(\.description)
        #expect(Set(names).count == names.count, "\(names.filter { name in names.count { $0 == name } > 1 })")
    }

    @Test("finds attacks of every group", arguments: Attack.Group.allCases)
    func groups(group: Attack.Group) {
        #expect(!Attack.all.allSatisfy { $0.group != group })
    }
}

extension Attack: CustomTestStringConvertible {
    /// Group and name.
    public var testDescription: String { description }
}
