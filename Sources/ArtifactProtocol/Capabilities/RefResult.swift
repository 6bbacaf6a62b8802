// SPDX-License-Identifier: Apache-2.0

import Variants

/// What became of one ref, as `results` tells it.
public struct RefResult: Equatable, Sendable {
    /// What became of it.
    public enum Outcome: String, Sendable, CaseIterable {
        /// It points to the new commit now.
        case moved
        /// It pointed there already.
        case unchanged
        /// It points to another commit, and was left there.
        case kept
    }

    /// The ref.
    public var ref: RefName
    /// What became of it.
    public var outcome: Outcome
    /// The commit that it points to now.
    public var commit: Checksum

    /// Tells what became of a ref.
    public init(ref: RefName, outcome: Outcome, commit: Checksum) {
        self.ref = ref
        self.outcome = outcome
        self.commit = commit
    }

    static func list(body: Variant) throws(ProtocolError) -> [RefResult] {
        guard let list = body.entry("refs"), list.typeString == "a(sss)" else {
            throw ProtocolError(.malformed, "the peer's results list no refs (key refs, type a(sss))")
        }
        var results: [RefResult] = []
        for index in 0..<list.count {
            let entry = list[index]
            let ref = try RefName(received: entry[0].string ?? "")
            guard let outcome = Outcome(rawValue: entry[1].string ?? "") else {
                throw ProtocolError(
                    .malformed,
                    "the peer says that ref \(ref) was '\((entry[1].string ?? "").forDisplay(limit: 40))', which is not known here"
                )
            }
            let commit = try Checksum(received: entry[2].string ?? "", of: ref.text)
            results.append(RefResult(ref: ref, outcome: outcome, commit: commit))
        }
        return results
    }

    static func body(_ results: [RefResult]) -> Variant {
        let list = results.map { result in
            Variant.tuple([
                .string(result.ref.text), .string(result.outcome.rawValue), .string(result.commit.hex),
            ])
        }
        return .dictionary([("refs", Variant.array(of: "(sss)", list))])
    }
}

/// What a receiver is doing, as `progress` tells it.
public struct ReceiverProgress: Equatable, Sendable {
    /// In a few words, for people: ‘publishing’.
    public var activity: String

    /// Tells what is being done.
    public init(activity: String) {
        self.activity = activity
    }

    init(body: Variant) {
        activity = body.entry("activity")?.string ?? ""
    }

    var body: Variant { .dictionary([("activity", Variant.string(activity))]) }
}
