// SPDX-License-Identifier: Apache-2.0

/// The objects that the other side of a session requested, which are answered in order.
struct PeerRequests: Sendable {
    private var wanted: ArraySlice<ObjectName> = []

    /// True if every request is answered.
    var isEmpty: Bool { wanted.isEmpty }

    /// Notes requests.
    ///
    /// - Throws: `ProtocolError` with `outOfOrder` if too many are not answered yet.
    mutating func note(_ names: [ObjectName], of peer: String) throws(ProtocolError) {
        guard wanted.count + names.count <= ReceiveStateMachine.wantLimit else {
            throw ProtocolError(
                .outOfOrder,
                "the \(peer) asks for more than \(ReceiveStateMachine.wantLimit) objects at a time, so it does not speak this "
                    + "protocol as it should")
        }
        wanted += names
    }

    /// Takes a request whose answer is due.
    ///
    /// - Returns: false if another one is due.
    mutating func answer(_ name: ObjectName) -> Bool {
        guard wanted.first == name else { return false }
        wanted.removeFirst()
        return true
    }
}
