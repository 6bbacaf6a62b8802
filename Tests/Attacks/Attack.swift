// SPDX-License-Identifier: Apache-2.0

import WireSamples

/// Something that a hostile peer does, and what must come of it.
public struct Attack: Sendable, CustomStringConvertible {
    /// The part of a program that an attack aims at.
    public enum Group: String, Sendable, CaseIterable {
        case objectNames = "names of objects"
        case tarExtensions = "pax and GNU headers"
        case tarKinds = "links, devices, directories"
        case sizes = "sizes"
        case tarDamage = "damaged tar"
        case hashes = "wrong hashes"
        case trailing = "trailing bytes"
        case bombs = "bombs"
        case truncation = "cut-off streams"
        case endless = "endless streams"
        case variants = "GVariants"
        case trees = "deep and wide trees"
        case dirtrees = "names in dirtrees"
        case metadata = "fields of objects"
        case missing = "missing objects"
        case refNames = "names of refs"
        case refs = "refs"
        case policies = "what the owner does not allow"
        case order = "order of messages"
        case frames = "frames"
        case replacement = "objects that are there already"
        case remotes = "addresses and configuration"
        case deltas = "static deltas"
        case served = "clients that serve their repository"
    }

    /// The required result of an attack.
    public enum Outcome: Sendable, Equatable {
        /// Exit status 1, one sentence on standard error with these words, and nothing is changed.
        case refusal([String])
        /// The same, for a push that is cut off; what arrived may be kept in `tmp` for the next one.
        case interruption
        /// Exit status 0, and nothing is changed.
        case nothing
        /// Exit status 0, nothing that was there is changed, and these refs are where they are to be.
        case success([String: String])
    }

    /// The program that is attacked, and its input.
    enum Play: Sendable {
        /// Bytes to the receiver.
        case receiver(options: [String], isRead: Bool, input: @Sendable () -> AttackInput)
        /// A repository that the receiver pulls from, as it does for clients of ostree-push.
        case served(ServedRepository)
        /// An address or a configuration for the client.
        case client(ClientAttack)
        /// A static delta for the client to pull.
        case delta(HostileDelta)
    }

    /// A description, unique in its group.
    public let name: String
    /// The part of a program that it aims at.
    public let group: Group
    /// The required result.
    public let outcome: Outcome
    /// The time limit in seconds, with room for a busy machine.
    public let seconds: Double
    let play: Play

    /// Group and name.
    public var description: String { "\(group.rawValue): \(name)" }

    init(
        _ name: String, _ group: Group, _ outcome: Outcome, options: [String] = [], seconds: Double = 120,
        isRead: Bool = true, input: @escaping @Sendable () -> AttackInput
    ) {
        self.init(
            name, group, outcome, seconds: seconds,
            play: .receiver(options: options, isRead: isRead, input: input))
    }

    init(
        _ name: String, _ group: Group, _ outcome: Outcome, seconds: Double = 120, play: Play
    ) {
        self.name = name
        self.group = group
        self.outcome = outcome
        self.seconds = seconds
        self.play = play
    }

    /// Words in the name of an attack by which files come that a commit needs.
    static let neededFiles = "needed files"

    /// Every attack, group by group.
    public static let all: [Attack] =
        objectNames + tarExtensions + tarKinds + sizes + tarDamage + hashes + trailing + bombs + truncations
        + endless + variants + trees + dirtrees + metadata + missing + refNames + refs + policies + order
        + frames + asked + ahead + needed + pulled + deletions
        + replacements + remotes + deltas + served
}

/// The input from a hostile client: some bytes, then more, for as long as there are any.
struct AttackInput {
    var bytes: [UInt8]
    var more: () -> [UInt8]? = { nil }

    /// These bytes, then the same ones again and again, `count` times.
    static func repeating(_ bytes: [UInt8], _ part: [UInt8], count: Int = .max) -> AttackInput {
        var left = count
        return AttackInput(bytes: bytes) {
            guard left > 0 else { return nil }
            left -= 1
            return part
        }
    }
}
