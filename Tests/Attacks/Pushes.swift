// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TestSupport
import Variants
import WireSamples

typealias Member = (name: String, content: [UInt8])

/// Pushes that would succeed if it were not for the attack.
enum Pushed {
    static let sample = SampleCommit("pushed")
    static let commit = "\(sample.checksum)"
    static let ref = "a/b/c"
    /// Its files.
    static let needed = [sample.file, sample.link]
    static let members = sample.objects.map(\.member)
    /// 64 digits that are no object's checksum.
    static let stranger = String(repeating: "ab", count: 32)
    static let updates = [(ref, Frame.nothing, commit)]
    static let success = Attack.Outcome.success([ref: commit])

    /// Everything up to the object stream.
    static func opening(_ updates: [(String, String, String)] = updates) -> [UInt8] {
        Frame.info() + Frame.update(updates) + Frame.putObjects
    }

    /// A push with this object stream.
    static func stream(_ tar: [UInt8], _ updates: [(String, String, String)] = updates) -> [UInt8] {
        opening(updates) + tar + Frame.done()
    }

    /// A push whose object stream begins with this, and goes on as a good one.
    static func beginning(_ bytes: [UInt8]) -> [UInt8] { stream(bytes + ObjectStream(members).tar) }
}

/// The two versions of the protocol.
struct Version: Sendable {
    let number: UInt8

    static let both = [Version(number: 1), Version(number: 0)]

    var options: [String] { ["--protocol", "\(number)"] }

    func named(_ name: String) -> String { number == 1 ? name : "\(name), version 0" }

    /// A push of these objects.
    func push(_ members: [Member], _ updates: [(String, String, String)] = Pushed.updates) -> [UInt8] {
        let objects = ObjectStream(members)
        return number == 1 ? ReceiverRun.push(updates, objects) : ReceiverRun.push0(updates, objects)
    }
}

extension Attack {
    /// The same wrong objects in both versions.
    static func objects(
        _ name: String, _ group: Group, _ outcome: Outcome, seconds: Double = 120,
        updates: [(String, String, String)] = Pushed.updates, options: [String] = [],
        _ members: @escaping @Sendable () -> [Member]
    ) -> [Attack] {
        versions(of: group).map { version in
            Attack(
                version.named(name), group, outcome, options: version.options + options, seconds: seconds
            ) { AttackInput(bytes: version.push(members(), updates)) }
        }
    }

    /// The versions to play: the contents of objects are read by the same code in both, so that one is enough.
    private static func versions(of group: Group) -> [Version] {
        [.dirtrees, .metadata, .variants, .bombs].contains(group) ? [Version(number: 1)] : Version.both
    }

    /// One more object, before the good ones.
    static func object(
        _ name: String, _ group: Group, _ outcome: Outcome, seconds: Double = 120, options: [String] = [],
        _ member: @escaping @Sendable () -> Member
    ) -> [Attack] {
        objects(name, group, outcome, seconds: seconds, options: options) { [member()] + Pushed.members }
    }

    /// A version 1 push whose object stream begins with these bytes.
    static func tar(
        _ name: String, _ group: Group, _ outcome: Outcome, options: [String] = [],
        _ beginning: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        Attack(name, group, outcome, options: options) { AttackInput(bytes: Pushed.beginning(beginning())) }
    }

    /// All bytes of a conversation.
    static func bytes(
        _ name: String, _ group: Group, _ outcome: Outcome, version: UInt8 = 1, options: [String] = [],
        seconds: Double = 120, _ bytes: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        Attack(
            name, group, outcome, options: ["--protocol", "\(version)"] + options, seconds: seconds
        ) { AttackInput(bytes: bytes()) }
    }
}

/// A refusal whose message has these words.
func refused(_ words: String...) -> Attack.Outcome { .refusal(words) }
