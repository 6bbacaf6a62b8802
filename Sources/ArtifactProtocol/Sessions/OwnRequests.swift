// SPDX-License-Identifier: Apache-2.0

/// The objects that this side of a session requested, and those that come from the other side.
struct OwnRequests: Sendable {
    /// An arrival at this side.
    enum Arrival {
        /// An object of `size` bytes begins.
        case begins(ObjectName, size: UInt64)
        /// An object that was not requested begins.
        case beginsAhead(ObjectName, size: UInt64)
        /// The rest of an object begins.
        case continues(ObjectName, ResumePoint)
        /// The other side does not have an object.
        case absent(ObjectName)
        /// An object was sent before it was requested.
        case sentAhead(ObjectName)
        /// No more objects come before they are requested.
        case aheadEnds
    }

    /// The requested objects that are not answered yet, in order.
    private var wanted: ArraySlice<WantedObject> = []

    /// The number of requested objects that are not answered yet.
    var unanswered: Int { wanted.count }
    /// The object whose answer is due.
    var due: ObjectName? { wanted.first?.name }

    /// Notes requests.
    ///
    /// - Returns: false if that would be too many, or some want the rest of an object where that was not agreed on.
    mutating func note(_ more: [WantedObject], _ capabilities: Set<Capability>) -> Bool {
        guard unanswered + more.count <= ReceiveStateMachine.wantLimit,
            capabilities.contains(.resume) || more.allSatisfy({ $0.resumePoint == nil })
        else { return false }
        wanted += more
        return true
    }

    /// Accepts an answer, or an object that was not requested; nil for any message that is not due.
    mutating func accept(_ message: Message, allowingAhead: Bool) -> Arrival? {
        switch message {
        case .object(let answer):
            guard let request = wanted.first, request.name == answer.name,
                let arrival = OwnRequests.arrival(answer, to: request, allowingAhead)
            else { return nil }
            wanted.removeFirst()
            return arrival
        case .ahead(let answer) where allowingAhead:
            guard let answer else { return .aheadEnds }
            switch answer.content {
            case .bytes(let size): return .beginsAhead(answer.name, size: size)
            case .absent: return .absent(answer.name)
            case .sentAhead, .rest: return nil
            }
        default: return nil
        }
    }

    private static func arrival(
        _ answer: ObjectAnswer, to request: WantedObject, _ allowsAhead: Bool
    ) -> Arrival? {
        switch answer.content {
        case .bytes(let size): return .begins(answer.name, size: size)
        case .rest(let count):
            guard let point = request.resumePoint, point.remaining == count else { return nil }
            return .continues(answer.name, point)
        case .absent: return .absent(answer.name)
        case .sentAhead: return allowsAhead ? .sentAhead(answer.name) : nil
        }
    }
}
