// SPDX-License-Identifier: Apache-2.0

import CCurl

extension WebClient {
    /// Asks all mirrors for a small text, and prefers the first one that returns a usable one.
    func chooseMirror(_ path: String, limit: Int, _ isUsable: @escaping ([UInt8]) -> Bool) throws {
        guard mirrors.count > 1 else { return }
        var winner: Int?
        var unusable: [Int] = []
        var trials = mirrors.indices.map { number in
            TextRequest(path, of: mirrors[number].shown, limit: limit, mirror: number) { bytes in
                if let bytes, isUsable(bytes) {
                    winner = winner ?? number
                } else {
                    unusable.append(number)
                }
            }
        }
        try run({ trials.popLast() }, until: { winner != nil })
        // Without a winner, the remote itself gives the error.
        guard let winner else { return balance.prefer(0) }
        balance.prefer(winner)
        for mirror in unusable { leave(mirror, "it shows no repository that can be pulled from") }
    }

    /// Leaves a mirror that has sent wrong bytes.
    ///
    /// - Returns: true if the bytes may come from another one.
    func leaveWrong(_ mirror: Int, path: String) -> Bool {
        leave(mirror, "it sends wrong bytes for \(path)")
    }

    @discardableResult
    private func leave(_ mirror: Int, _ reason: String) -> Bool {
        if balance.isLeft(mirror) { return true }
        guard balance.leave(mirror) else { return false }
        options.showWarning?("nothing more is fetched from \(mirrors[mirror].shown): \(reason)")
        return true
    }

    /// Leaves the mirror of an attempt that failed, unless it is busy or others may be to blame.
    ///
    /// - Returns: true if another one can be asked.
    func leave(
        _ attempt: WebAttempt, _ transfer: WebTransfer, after failure: WebFailure?,
        _ wrongContent: RetryableError?
    ) -> Bool {
        if let failure, !failure.isBusy { return leave(attempt.mirror, "\(failure.error)") }
        guard wrongContent != nil, transfer.source != nil, attempt.request.isContentAddressed else {
            return false
        }
        return leaveWrong(attempt.mirror, path: attempt.request.path)
    }

    /// The number of requests that each mirror has.
    private var load: [Int] {
        var load = Array(repeating: 0, count: mirrors.count)
        for transfer in running.values { transfer.attempt.map { load[$0.mirror] += 1 } }
        for entry in delayed { entry.transfer.attempt.map { load[$0.mirror] += 1 } }
        return load
    }

    /// The mirrors that asked for a pause which is not over.
    private var paused: Set<Int> { Set(pauses.filter { $0.value > .now }.keys) }

    /// Returns the mirror that a request begins with.
    func mirror(for request: any WebRequest) -> Int {
        if let mirror = request.mirror { return mirror }
        guard mirrors.count > 1, request.isContentAddressed else { return balance.preferred }
        return balance.choice(load, avoiding: paused) ?? balance.choice(load) ?? balance.preferred
    }

    /// Returns another mirror for an attempt that failed; nil if there is none.
    func other(than attempt: WebAttempt) -> Int? {
        guard mirrors.count > 1 else { return nil }
        let avoided = attempt.lackingMirrors.union([attempt.mirror])
        return balance.choice(load, avoiding: avoided.union(paused))
            ?? balance.choice(load, avoiding: avoided)
    }

    /// Returns the next attempt for something that a mirror lacks; nil if all lack it.
    func nextAfterAbsence(_ attempt: WebAttempt, _ transfer: WebTransfer) -> WebAttempt? {
        guard mirrors.count > 1 else { return nil }
        balance.noteAbsence(at: attempt.mirror, after: transfer.elapsed)
        return other(than: attempt).map { other in
            WebAttempt(
                request: attempt.request, mirror: other,
                lackingMirrors: attempt.lackingMirrors.union([attempt.mirror]))
        }
    }

    func noteDelivery(_ attempt: WebAttempt, _ transfer: WebTransfer) {
        guard mirrors.count > 1 else { return }
        balance.noteDelivery(by: attempt.mirror, bytes: transfer.size, after: transfer.elapsed)
        if let source = transfer.source { attempt.request.note(source: source) }
    }

    /// Moves requests that a mirror is slow to answer to those that would be much quicker. Without any request to be started,
    /// everything would wait for them.
    func moveStalled() throws {
        guard mirrors.count > 1 else { return }
        var load = load
        for (handle, transfer) in running {
            guard let attempt = transfer.attempt, attempt.request.mirror == nil,
                attempt.request.isContentAddressed, let (time, bytes) = transfer.expectation,
                let other = balance.replacement(
                    for: attempt.mirror, needing: time, bytes: bytes, load,
                    avoiding: attempt.lackingMirrors.union(paused))
            else { continue }
            balance.noteStall(of: attempt.mirror, bytes: transfer.size, after: transfer.elapsed)
            load[attempt.mirror] -= 1
            load[other] += 1
            ccurl_multi_remove_handle(multi, handle)
            running[handle] = nil
            var next = attempt
            (next.mirror, next.redirection, next.redirections) = (other, nil, 0)
            next.isContinuing = transfer.received >= WebClient.continuedSize
            try start(next, on: transfer)
        }
    }
}
