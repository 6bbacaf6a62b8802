// SPDX-License-Identifier: Apache-2.0

import Variants

/// The body of `progress`: the receiver's present activity.
public struct ReceiverProgress: Equatable, Sendable {
    /// The activity in a few words, for people: 'publishing'.
    public var activity: String

    /// Describes an activity.
    public init(activity: String) {
        self.activity = activity
    }

    init(body: Variant) {
        activity = body.entry("activity")?.string ?? ""
    }

    var body: Variant { .dictionary([("activity", Variant.string(activity))]) }
}
