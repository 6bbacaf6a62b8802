// SPDX-License-Identifier: Apache-2.0

/// How far a push or a pull has come. None of it ever goes back; the last one told has the numbers of the report, and the
/// fraction 1.
public struct TransferProgress: Sendable, Equatable {
    /// How many objects have travelled.
    public var objects = 0
    /// How many bytes of objects have travelled, in the form in which they travel.
    public var bytes: UInt64 = 0
    /// How much of all the work that is done, from 0 to 1, as well as it can be told: in a pull, what there is to fetch shows
    /// as it goes on; in a push, the remote may have a part already. Nil where nothing is known.
    public var fraction: Double?

    /// Nothing has travelled yet.
    public init() {}
}
