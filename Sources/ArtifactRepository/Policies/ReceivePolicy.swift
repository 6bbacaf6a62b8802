// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// One rule of a cache's owner about what is taken in. Rules stand in a list, and each is asked in that order.
///
/// A rule throws to refuse; then nothing of the push becomes visible.
public protocol ReceivePolicy: Sendable {
    /// Indicates that `willPublish` may still refuse a push whose objects were all admitted, so that a store may keep none of them
    /// where others can fetch it by name, before that has decided.
    var decidesAtPublication: Bool { get }
    /// Decides whether refs may be edited by this client, before its request is answered.
    func authorize(_ edits: [RefEdit]) throws
    /// Decides on an object that the store lacks, before its bytes.
    ///
    /// - Parameters:
    ///   - object: the object.
    ///   - size: its size in bytes as it travels; nil if that is not known, as on a pull.
    mutating func admit(_ object: ObjectName, size: UInt64?) throws
    /// Decides on bytes of an object whose size was not known, before they are kept.
    ///
    /// - Parameters:
    ///   - count: their number.
    ///   - object: the object.
    ///   - total: the number of its bytes so far, these included.
    mutating func admitBytes(_ count: UInt64, of object: ObjectName, total: UInt64) throws
    /// Hears of a commit that is to become visible without a ref, before `willPublish`.
    mutating func note(_ commit: Checksum)
    /// Decides on edits before the locks are taken.
    ///
    /// - Parameters:
    ///   - edits: the edits.
    ///   - quarantine: the place of the new objects; nil if refs are only removed.
    mutating func willPublish(_ edits: [RefEdit], from quarantine: (any Quarantine)?) throws
    /// Receives the results, also after a publication that failed half-way.
    func didPublish(_ results: [RefEditResult])
}

extension ReceivePolicy {
    /// True: a rule has to say that it does not.
    public var decidesAtPublication: Bool { true }
    /// Allows it.
    public func authorize(_ edits: [RefEdit]) throws {}
    /// Allows it.
    public mutating func admit(_ object: ObjectName, size: UInt64?) throws {}
    /// Allows it.
    public mutating func admitBytes(_ count: UInt64, of object: ObjectName, total: UInt64) throws {}
    /// Does nothing.
    public mutating func note(_ commit: Checksum) {}
    /// Allows it.
    public mutating func willPublish(_ edits: [RefEdit], from quarantine: (any Quarantine)?) throws {}
    /// Does nothing.
    public func didPublish(_ results: [RefEditResult]) {}
}

/// A list of policies, asked in order.
public struct ReceivePolicies: ReceivePolicy {
    private var policies: [any ReceivePolicy]

    /// Makes a list.
    public init(_ policies: [any ReceivePolicy] = []) {
        self.policies = policies
    }

    /// True if one of them decides then.
    public var decidesAtPublication: Bool { policies.contains(where: \.decidesAtPublication) }

    /// Asks each policy.
    public func authorize(_ edits: [RefEdit]) throws {
        for policy in policies { try policy.authorize(edits) }
    }

    /// Asks each policy.
    public mutating func admit(_ object: ObjectName, size: UInt64?) throws {
        for index in policies.indices { try policies[index].admit(object, size: size) }
    }

    /// Asks each policy.
    public mutating func admitBytes(_ count: UInt64, of object: ObjectName, total: UInt64) throws {
        for index in policies.indices { try policies[index].admitBytes(count, of: object, total: total) }
    }

    /// Tells each policy.
    public mutating func note(_ commit: Checksum) {
        for index in policies.indices { policies[index].note(commit) }
    }

    /// Asks each policy.
    public mutating func willPublish(_ edits: [RefEdit], from quarantine: (any Quarantine)?) throws {
        for index in policies.indices { try policies[index].willPublish(edits, from: quarantine) }
    }

    /// Tells each policy.
    public func didPublish(_ results: [RefEditResult]) {
        for policy in policies { policy.didPublish(results) }
    }
}
