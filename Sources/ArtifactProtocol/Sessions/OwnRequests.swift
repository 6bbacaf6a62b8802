// SPDX-License-Identifier: Apache-2.0

/// The objects that this side of a session requested, and those that come from the other side.
struct OwnRequests: Sendable {
    /// An arrival at this side.
    enum Arrival {
        /// An object of `size` bytes begins.
        case begins(ObjectName, size: UInt64)
        /// An object that was not requested begins.
        case beginsAhead(ObjectName, size: UInt64)
        /// The other side does not have an object.
        case absent(ObjectName)
        /// An object was sent before it was requested.
        case sentAhead(ObjectName)
        /// No more objects come before they are requested.
        case aheadEnds
    }

    /// The requested objects that are not answered yet, in order.
    private var wanted: ArraySlice<ObjectName> = []

    /// The number of requested objects that are not answered yet.
    var unanswered: Int { wanted.count }
    /// The object whose answer is due.
    var due: ObjectName? { wanted.first }

    /// Notes requests.
    ///
    /// - Returns: false if that would be too many.
    mutating func note(_ names: [ObjectName]) -> Bool {
        guard unanswered + names.count <= ReceiveStateMachine.wantLimit else { return false }
        wanted += names
        return true
    }

    /// Accepts an answer, or an object that was not requested; nil for any message that is not due.
    mutating func accept(_ message: Message, allowingAhead: Bool) -> Arrival? {
        switch message {
        case .object(let answer) where answer.name == wanted.first:
            wanted.removeFirst()
            switch answer.content {
            case .bytes(let size): return .begins(answer.name, size: size)
            case .absent: return .absent(answer.name)
            case .sentAhead: return allowingAhead ? .sentAhead(answer.name) : nil
            }
        case .ahead(let answer) where allowingAhead:
            guard let answer else { return .aheadEnds }
            switch answer.content {
            case .bytes(let size): return .beginsAhead(answer.name, size: size)
            case .absent: return .absent(answer.name)
            case .sentAhead: return nil
            }
        default: return nil
        }
    }
}
