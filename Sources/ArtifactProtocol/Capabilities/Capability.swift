// SPDX-License-Identifier: Apache-2.0

import Variants

/// An extension of version 1 of the protocol, in use if both sides announce it under the key `abilities` of `info`. Other peers
/// ignore the key. See docs/PROTOCOL.md.
public enum Capability: String, Sendable, CaseIterable {
    /// Bodies of more than 65,535 bytes, and more than one `info`.
    case largeFrames = "long"
    /// The receiver requests the objects that it lacks, and reports its activity and the result for each ref.
    case want
    /// The client may remove refs. Announced only by receivers whose owner allows it, and by clients that ask for it.
    case delete
    /// The receiver puts commits that do not descend from the one of their ref on top of it. Announced only by receivers whose
    /// owner wants that.
    case reparent
    /// The receiver tells which detached metadata it has for the commits that the client names, and takes additions. In use only
    /// with `want`.
    case metadata = "meta"
    /// The receiver tells where the history of refs ends early, and asks for ancestors behind commits that it has, if the client
    /// offers that. Needs `want`. Announced by clients whose commits have parents.
    case history
    /// Whoever gives objects may send some before they are requested. Needs `want` or `pull`.
    case ahead
    /// The client may request objects of the receiver's refs, and list these. Announced only by clients that pull, and by
    /// receivers whose owner does not forbid it.
    case pull
    /// A request may name the bytes of a file that are there, and its answer be the rest. Needs `want` or `pull`.
    case resume
    /// The receiver publishes as soon as nothing is missing, without waiting for the client to say that it is done. Needs `want`.
    case prompt

    /// The capabilities that receivers announce by default.
    public static let standard: Set<Capability> = [
        .largeFrames, .want, .metadata, .history, .ahead, .pull, .resume, .prompt,
    ]
    /// The capabilities that pushing clients announce by default.
    public static let ofClients: Set<Capability> = [
        .largeFrames, .want, .metadata, .history, .ahead, .reparent, .resume, .prompt,
    ]
    /// The capabilities that pulling clients announce.
    public static let ofPullingClients: Set<Capability> = [.largeFrames, .ahead, .pull, .resume]

    /// Parses names that are separated by commas, and ignores unknown ones such as `none`.
    public static func parse(_ list: String) -> Set<Capability> {
        Set(list.split(separator: ",").compactMap { Capability(rawValue: String($0)) })
    }

    /// Reads the value of the key. Unknown names, and values of another type, are ignored: they belong to later peers.
    static func list(_ value: Variant?) -> Set<Capability> {
        guard let value, value.typeString == "as" else { return [] }
        return Set((0..<value.count).compactMap { value[$0].string.flatMap(Capability.init) })
    }

    /// The value of the key.
    static func value(_ capabilities: Set<Capability>) -> Variant {
        .array(of: "s", capabilities.map(\.rawValue).sorted().map(Variant.string))
    }
}
