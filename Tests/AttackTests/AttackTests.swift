// SPDX-License-Identifier: Apache-2.0

import Attacks
import Testing

/// Every attack of the table, against the built programs.
@Suite("A hostile peer") struct AttackTests {
    @Test("is repelled", arguments: Attack.all)
    func attack(_ attack: Attack) throws {
        let play = { (attack: Attack) in
            let result = try attack.run()
            #expect(result.problems.isEmpty, "\(attack)\n\(result.problems.joined(separator: "\n"))")
        }
        if let reason = attack.knownIssue {
            try withKnownIssue(Comment(rawValue: reason)) { try play(attack) }
        } else {
            try play(attack)
        }
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
    public var testDescription: String { description }
}
