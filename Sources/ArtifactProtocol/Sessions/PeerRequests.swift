// SPDX-License-Identifier: Apache-2.0

/// The objects that the other side of a session requested, which are answered in order.
struct PeerRequests: Sendable {
    private var wanted: ArraySlice<WantedObject> = []

    /// True if every request is answered.
    var isEmpty: Bool { wanted.isEmpty }

    /// Notes requests.
    ///
    /// - Throws: `ProtocolError` with `outOfOrder` if too many are not answered yet, or some want the rest of an object where that
    ///   was not agreed on.
    mutating func note(
        _ more: [WantedObject], of peer: String, _ capabilities: Set<Capability>
    ) throws(ProtocolError) {
        guard wanted.count + more.count <= ReceiveStateMachine.wantLimit else {
            throw ProtocolError(
                .outOfOrder,
                "the \(peer) asks for more than \(ReceiveStateMachine.wantLimit) objects at a time, so it does not speak this "
                    + "protocol as it should")
        }
        if !capabilities.contains(.resume), let resumed = more.first(where: { $0.resumePoint != nil }) {
            throw ProtocolError(
                .outOfOrder,
                "the \(peer) asks for the rest of object \(resumed.name), which was not agreed on, so it does not speak this "
                    + "protocol as it should")
        }
        wanted += more
    }

    /// Takes a request whose answer is due.
    ///
    /// - Returns: false if another one is due, or its rest was not requested.
    mutating func answer(_ answer: ObjectAnswer) -> Bool {
        guard let due = wanted.first, due.name == answer.name else { return false }
        if case .rest(let count) = answer.content, due.resumePoint?.remaining != count { return false }
        wanted.removeFirst()
        return true
    }
}
