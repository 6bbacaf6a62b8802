// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

// Requests for missing objects, with `Capability.want`.
extension ReceiveSession {
    static let maximumRepetitions = 2

    mutating func missingObjects(trustingMarks: Bool) throws -> MissingObjects {
        let missing = MissingObjects(
            in: try ownQuarantine(), ancestors: fillsHistory ? .behindStored : .untilStored,
            trustsMarks: trustingMarks, allowsEarlyStorage: !policies.decidesAtPublication)
        let (edits, similar, store) = (edits, similar, store)
        missing.findSimilar = { try edits.compactMap { try store.commit(of: $0.ref) } + similar }
        return missing
    }

    mutating func beginRequesting(in missing: MissingObjects) throws {
        self.missing = missing
        for edit in edits {
            // A ref that stays needs no objects.
            if options.moves == .never,
                try edit.result(at: store.commit(of: edit.ref), moves: .never).outcome == .kept
            {
                continue
            }
            if let new = edit.new { try missing.add(new) }
        }
        knowsMore = false
        try requestMissing()
    }

    /// Requests what was found to be missing since the last time.
    ///
    /// Called when everything that has arrived was looked at, so that one message asks for all of it: each costs both sides' ssh a
    /// packet, and wakes the client.
    ///
    /// - Returns: true if there may be another event without further input.
    mutating func requestNewlyMissing() throws -> Bool {
        guard knowsMore else { return false }
        knowsMore = false
        try requestMissing()
        return true
    }

    /// Requests missing objects, many at a time, before the client runs out of work.
    private mutating func requestMissing() throws {
        guard let missing, !awaitsAhead, machine.unansweredWants <= ReceiveStateMachine.wantLimit / 2 else {
            return
        }
        var wanted = try nextWanted(of: missing)
        if wanted.isEmpty {
            guard machine.unansweredWants == 0, !machine.isInsideObject else { return }
            try processVerdicts(waiting: true)
            // Some files may have to come once more.
            wanted = try nextWanted(of: missing)
        }
        try send(wanted.isEmpty ? machine.wantNothing() : machine.want(wanted))
    }

    private func nextWanted(of missing: MissingObjects) throws -> [WantedObject] {
        let resumes = machine.capabilities.contains(.resume)
        var wanted: [WantedObject] = []
        while machine.unansweredWants + wanted.count < ReceiveStateMachine.wantLimit,
            let name = try missing.next()
        {
            wanted.append(WantedObject(name, from: resumes ? quarantine?.resumePoint(of: name) : nil))
        }
        return wanted
    }

    mutating func processVerdicts(waiting: Bool) throws {
        for verdict in try ownQuarantine().takeVerdicts(waiting: waiting) {
            if let failure = verdict.failure {
                guard requestAgain(verdict.name, after: failure) else { throw failure }
            } else {
                continued.remove(verdict.name)
                try missing?.arrived(verdict.name)
            }
        }
    }

    /// Passes on bytes of the object under way.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            try incoming?.write(bytes)
        } catch {
            guard let current, requestAgain(current, after: error) else { throw error }
            // The remaining bytes are skipped.
            (incoming, self.current) = (nil, nil)
        }
    }

    /// Requests a file once more, from its beginning, if it is wrong and began with what an interrupted push has left: that may
    /// have been damaged, or the client may compress otherwise than it did.
    ///
    /// - Returns: false if the failure is final.
    private mutating func requestAgain(_ name: ObjectName, after failure: any Error) -> Bool {
        guard continued.remove(name) != nil, (failure as? RepositoryError)?.code == .badObject else {
            return false
        }
        logger.info("asking again: \(failure)")
        missing?.requeue(name)
        return true
    }

    mutating func objectEnded() throws {
        // A received file counts as arrived only with its verdict, which comes later.
        let hasArrived = incoming == nil || current?.type != .file
        let wasAhead = isAhead
        (incoming, isAhead) = (nil, false)
        guard let missing else { return }
        knowsMore = true
        guard let current else { return }
        if fillsHistory, current.type == .commit, !edits.contains(where: { $0.new == current.checksum }) {
            filledIn.append(current.checksum)
            policies.note(current.checksum)
        }
        if !wasAhead {
            if hasArrived { try missing.arrived(current) }
        } else if hasArrived, try missing.awaits(current) || ownQuarantine().holds(current) {
            // One that the store has is found there.
            try missing.arrivedAhead(current)
        }
    }

    /// Checks that an object which the client has sent before it was requested did come.
    func checkSentAhead(_ name: ObjectName) throws {
        // A file may be on its way to its verdict.
        guard !filesAhead.contains(name), missing?.awaits(name) == true else { return }
        throw ProtocolError(
            .outOfOrder,
            "the client says that it has sent object \(name), and it has not, so the push is given up")
    }

    mutating func markUnavailable(_ name: ObjectName) throws {
        guard missing?.markUnavailable(name) ?? true else {
            throw RepositoryError(
                .missingObject,
                "object \(name) is neither in the repository nor does the client have it, which pushes it: push again, from a "
                    + "complete repository")
        }
        knowsMore = true
    }
}
