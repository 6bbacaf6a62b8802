// SPDX-License-Identifier: Apache-2.0

/// A request for an object.
public struct WantedObject: Equatable, Sendable {
    /// The object.
    public var name: ObjectName
    /// The place behind which the object is missing, with `Capability.resume`; nil if all of it is.
    public var resumePoint: ResumePoint?

    /// Requests an object, or the rest of one.
    public init(_ name: ObjectName, from resumePoint: ResumePoint? = nil) {
        (self.name, self.resumePoint) = (name, resumePoint)
    }
}

/// The end of the bytes that an interrupted transfer has left of a file, in the form in which it travels.
public struct ResumePoint: Equatable, Sendable {
    /// The number of bytes that are there.
    public let offset: UInt64
    /// The size of the whole in bytes, as the interrupted transfer announced it. Another size means other bytes.
    public let size: UInt64

    /// Describes a place within an object; nil for one at its beginning, at its end or behind it.
    public init?(offset: UInt64, size: UInt64) {
        guard offset > 0, offset < size else { return nil }
        (self.offset, self.size) = (offset, size)
    }

    /// The number of bytes that are missing.
    public var remaining: UInt64 { size - offset }
}
