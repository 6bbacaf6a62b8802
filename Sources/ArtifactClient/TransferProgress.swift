// SPDX-License-Identifier: Apache-2.0

/// The progress of a push or a pull. No number ever decreases; the last value has the numbers of the report, and the
/// fraction 1.
public struct TransferProgress: Sendable, Equatable {
    /// The number of objects transferred.
    public var objects = 0
    /// The bytes of objects transferred, in the form in which they travel.
    public var bytes: UInt64 = 0
    /// An estimate of the part that is done, from 0 to 1: a pull finds the objects to fetch as it goes on, and in a
    /// push, the remote may have a part already. Nil where nothing is known.
    public var fraction: Double?

    /// Progress before the first object.
    public init() {}
}
