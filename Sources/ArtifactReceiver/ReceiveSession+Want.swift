// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

// Requests for missing objects, with `Capability.want`.
extension ReceiveSession {
    static let maximumRepetitions = 2

    mutating func missingObjects(trustingMarks: Bool) throws -> MissingObjects {
        MissingObjects(
            in: try ownQuarantine(), ancestors: fillsHistory ? .behindStored : .untilStored,
            trustsMarks: trustingMarks)
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
        try requestMissing()
    }

    /// Requests missing objects, many at a time, before the client runs out of work.
    mutating func requestMissing() throws {
        guard let missing, !awaitsAhead, machine.unansweredWants <= ReceiveStateMachine.wantLimit / 2 else {
            return
        }
        var names: [ObjectName] = []
        while machine.unansweredWants + names.count < ReceiveStateMachine.wantLimit,
            let name = try missing.next()
        {
            names.append(name)
        }
        if !names.isEmpty { return try send(machine.want(names)) }
        guard machine.unansweredWants == 0 else { return }
        try processVerdicts(waiting: true)
        try send(machine.wantNothing())
    }

    mutating func processVerdicts(waiting: Bool) throws {
        for verdict in try ownQuarantine().takeVerdicts(waiting: waiting) {
            try verdict.throwFailure()
            try missing?.arrived(verdict.name)
        }
    }

    mutating func objectEnded() throws {
        // A received file counts as arrived only with its verdict, which comes later.
        let hasArrived = incoming == nil || current?.type != .file
        let wasAhead = isAhead
        (incoming, isAhead) = (nil, false)
        guard let missing, let current else { return }
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
        try requestMissing()
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
        try requestMissing()
    }
}
