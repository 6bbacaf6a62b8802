// SPDX-License-Identifier: Apache-2.0

/// The result of an attack.
public struct AttackResult: Sendable {
    /// The attack.
    public let attack: Attack
    /// The exit status or signal of the attacked program.
    public internal(set) var ending = ""
    /// Its standard error.
    public internal(set) var message = ""
    /// The duration in seconds.
    public internal(set) var seconds = 0.0
    /// The most memory that it had resident, in KiB.
    public internal(set) var peakMemory = 0
    /// The broken requirements, a sentence each.
    public internal(set) var problems: [String] = []

    /// True if no requirement is broken.
    public var isRepelled: Bool { problems.isEmpty }

    init(_ attack: Attack) {
        self.attack = attack
    }

    mutating func require(_ isTrue: Bool, _ problem: @autoclosure () -> String) {
        if !isTrue { problems.append(problem()) }
    }
}
