// SPDX-License-Identifier: Apache-2.0

/// What came of an attack.
public struct AttackResult: Sendable {
    /// The attack.
    public let attack: Attack
    /// How the attacked program ended.
    public internal(set) var ending = ""
    /// What it wrote to standard error.
    public internal(set) var message = ""
    /// How long it took, in seconds.
    public internal(set) var seconds = 0.0
    /// The most memory that it had resident, in KiB.
    public internal(set) var peakMemory = 0
    /// What is not as it must be, a sentence each.
    public internal(set) var problems: [String] = []

    /// Whether everything is as it must be.
    public var isRepelled: Bool { problems.isEmpty }

    init(_ attack: Attack) {
        self.attack = attack
    }

    mutating func require(_ isTrue: Bool, _ problem: @autoclosure () -> String) {
        if !isTrue { problems.append(problem()) }
    }
}
