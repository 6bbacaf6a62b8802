// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Sends a peer the objects that it requests, which are those that it lacks, and with them some that it is about to request.
package struct ObjectAnswerer<Peer: RequestingPeer> {
    private enum Step {
        /// A request that was not looked at yet.
        case request(WantedObject)
        /// An object to encode and send; the rest of it, if the peer has what it will be encoded to.
        case object(WantedObject, isAhead: Bool)
        /// An answer without an object.
        case answer(ObjectAnswer, isAhead: Bool)
    }

    private let peer: Peer
    private let encoder: ParallelEncoder
    private let offered: OfferedObjects
    private let showSent: (ObjectName, UInt64) -> Void
    private var ahead: ObjectsAhead
    /// Steps that were not begun. The protocol bounds the number of requests among them.
    private var steps: ArraySlice<Step> = []
    /// Steps whose objects are at the encoder, in the order of sending.
    private var started: ArraySlice<Step> = []
    private var unansweredRequests = 0
    /// Indicates that something was sent, so that the next requests tell whether it was of use.
    private var hasBegun = false
    /// The commits that were sent.
    package private(set) var sentCommits: Set<Checksum> = []

    /// Below this number of waiting requests, further ones are read.
    private static var lowWater: Int { 256 }

    /// Prepares to answer.
    ///
    /// - Parameters:
    ///   - offered: the objects that the peer may have.
    ///   - ahead: chooses what is sent before it is requested.
    ///   - showSent: receives each object that was sent, and the number of its bytes that were.
    package init(
        _ peer: Peer, encoder: ParallelEncoder, offered: OfferedObjects, ahead: ObjectsAhead,
        showSent: @escaping (ObjectName, UInt64) -> Void = { _, _ in }
    ) {
        (self.peer, self.encoder, self.offered, self.ahead) = (peer, encoder, offered, ahead)
        self.showSent = showSent
    }

    /// Chooses commits, and objects of them within the first budget, to be sent before anything is requested, and begins to
    /// encode them.
    package mutating func prepareAhead(of commits: [Checksum]) throws {
        hasBegun = true
        for commit in commits {
            let names = try ahead.choose(commit: commit)
            guard !names.isEmpty else { break }
            steps += stepsAhead(names)
            let metadata = ObjectName(commit, .commitmeta)
            // Otherwise the peer would have to ask.
            if try !offered.isHere(metadata) {
                steps.append(.answer(ObjectAnswer(metadata, .absent), isAhead: true))
            }
        }
        try beginSteps()
    }

    /// The commits that the peer must have if what was chosen is to be of use.
    package var bases: Set<Checksum> { ahead.usedBases }

    /// Sends what was chosen.
    package mutating func sendAhead() throws {
        while try sendNext() {}
    }

    /// Answers requests until no more come.
    ///
    /// - Parameter first: the requests that have arrived already.
    package mutating func answer(_ first: [WantedObject]) throws {
        take(first)
        while true {
            if try sendNext(), unansweredRequests >= ObjectAnswerer.lowWater { continue }
            guard let requests = try peer.requests(waiting: steps.isEmpty && started.isEmpty) else {
                continue
            }
            guard !requests.isEmpty else { return }
            take(requests)
        }
    }

    private mutating func take(_ requests: [WantedObject]) {
        guard !requests.isEmpty else { return }
        if hasBegun { ahead.beginRound(requests.map(\.name)) }
        hasBegun = true
        unansweredRequests += requests.count
        steps += requests.map { .request($0) }
    }

    /// Keeps the encoder busy and sends what is due next.
    ///
    /// - Returns: false if there is nothing to send.
    private mutating func sendNext() throws -> Bool {
        try beginSteps()
        guard let step = started.popFirst() else { return false }
        switch step {
        case .answer(let answer, let isAhead): try send(answer, isAhead)
        case .object(let wanted, let isAhead):
            guard let object = try encoder.next() else { return false }
            // Another size means that the peer has the beginning of other bytes.
            let point = wanted.resumePoint.flatMap { $0.size == object.size ? $0 : nil }
            let count = point?.remaining ?? object.size
            try send(ObjectAnswer(object.name, point == nil ? .bytes(count) : .rest(count)), isAhead)
            try peer.write(object, from: object.size - count)
            if object.name.type == .commit { sentCommits.insert(object.name.checksum) }
            showSent(object.name, count)
        case .request: break
        }
        return true
    }

    private mutating func beginSteps() throws {
        while !encoder.isFull, let step = steps.popFirst() {
            guard case .request(let wanted) = step else {
                begin(step)
                continue
            }
            let answer = try answer(to: wanted)
            if answer.ahead.isEmpty {
                begin(answer.last)
            } else {
                // Objects ahead of an answer go before everything else that waits.
                steps = stepsAhead(answer.ahead) + [answer.last] + steps
            }
        }
    }

    private func stepsAhead(_ names: [ObjectName]) -> [Step] {
        for name in names { offered.expectRequests(below: name) }
        return names.map { .object(WantedObject($0), isAhead: true) }
    }

    private mutating func send(_ answer: ObjectAnswer, _ isAhead: Bool) throws {
        if isAhead { return try peer.sendAhead(answer) }
        unansweredRequests -= 1
        try peer.send(answer)
    }

    private mutating func begin(_ step: Step) {
        if case .object(let wanted, _) = step { encoder.submit(wanted.name) }
        started.append(step)
    }

    /// Returns the answer to a request, and the objects to send before it.
    private mutating func answer(to wanted: WantedObject) throws -> (ahead: [ObjectName], last: Step) {
        let name = wanted.name
        if try !offered.contains(name), let content = try peer.answer(toUnoffered: name) {
            return ([], .answer(ObjectAnswer(name, content), isAhead: false))
        }
        if ahead.takeSent(name) { return ([], .answer(ObjectAnswer(name, .sentAhead), isAhead: false)) }
        guard try offered.isHere(name) else {
            return ([], .answer(ObjectAnswer(name, .absent), isAhead: false))
        }
        ahead.note(name)
        let below = peer.takesAhead ? try ahead.choose(below: name) : []
        return (below, .object(wanted, isAhead: false))
    }
}
