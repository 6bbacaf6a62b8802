// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import S3Samples
import TestSupport
import Testing

@testable import ArtifactBucket

/// Publications of which each request that changes something fails, or is the last one.
@Suite struct PublicationFaultTests {
    /// The things that go wrong with a request.
    enum Fault: CaseIterable {
        /// It has its effect, and its answer is lost once.
        case answerIsLost
        /// It has no effect, and the store is busy once.
        case isBusy
        /// It fails without effect, or with it.
        case fails, failsAfterwards
        /// It has its effect, and the answer is that of somebody who came too late.
        case winnerIsRefused
        /// It has its effect, and it is the last one that gets through.
        case isLast
        /// It does not get through, nor does any other one.
        case isTooLate
    }

    private static let fileCount = 3

    private func push(_ sample: BucketSample, _ commit: Checksum, to store: BucketStore) throws {
        let edits = try ["a/b/1", "a/b/2"].map { try RefEdit(ref($0), from: .mustNotExistOrKeep, to: commit) }
        try sample.push(edits, to: store)
    }

    @Test(arguments: Fault.allCases, [false, true])
    func `After a fault at any request, a push that was acknowledged is there, and it can be repeated`(
        _ fault: Fault, _ putsEarly: Bool
    ) throws {
        let sample = try BucketSample()
        var files: [String: String] = [:]
        for number in 0..<PublicationFaultTests.fileCount { files["directory/\(number)"] = "\(number)\n" }
        let commit = try sample.commit("a/b/1", files)
        var request = 0
        var wasReached = true
        while wasReached {
            request += 1
            let count = Locked(0)
            let armed = Locked(false)
            let store = try ToyStore { [request] call in
                guard armed.withLock({ $0 }) else { return nil }
                let isChange = call.method != "GET" && call.method != "HEAD"
                let number = count.withLock { count in
                    if isChange { count += 1 }
                    return count
                }
                switch fault {
                case .answerIsLost: return isChange && number == request ? .afterwards(.close) : nil
                case .isBusy: return isChange && number == request ? .instead(.status(503)) : nil
                case .fails: return isChange && number == request ? .instead(.status(500)) : nil
                case .failsAfterwards: return isChange && number == request ? .afterwards(.status(500)) : nil
                case .winnerIsRefused:
                    return isChange && number == request ? .afterwards(.status(412)) : nil
                case .isLast:
                    if number < request { return nil }
                    return isChange && number == request ? .afterwards(.close) : .instead(.close)
                case .isTooLate: return number < request ? nil : .instead(.close)
                }
            }
            _ = try BucketStore.make(store.client(), author: "a test")
            armed.withLock { $0 = true }
            let isAcknowledged: Bool
            do {
                try push(sample, commit, to: sample.store(store.client(), putsEarly: putsEarly))
                isAcknowledged = true
            } catch {
                isAcknowledged = false
                #expect(fault == .isLast || fault == .isTooLate, "\(error)")
            }
            wasReached = count.withLock { $0 } >= request
            armed.withLock { $0 = false }
            let log = PublicationLog(try store.client())
            let before = try log.newest()
            let present = try log.refs(at: before).map(\.ref.text)
            #expect(present == [] || present == ["a/b/1", "a/b/2"], "both or none, at request \(request)")
            if isAcknowledged { #expect(present.count == 2 && before.sequence == 1) }
            // The repetition, on another host, completes what is missing.
            try push(sample, commit, to: sample.store(store.client()))
            #expect(try log.newest().sequence == 1, "one entry, at request \(request)")
            let place = try sample.download(store.client())
            #expect(try OSTreeCommand.refs(place).sorted() == ["a/b/1", "a/b/2"])
        }
        #expect(request > PublicationFaultTests.fileCount + 6)
    }

    @Test func `An entry whose answer is lost is settled by its number, also where another follows`() throws {
        let isArmed = Locked(false)
        let store = try ToyStore { call in
            guard call.method == "PUT", call.path.contains("/bst-artifact/log/"),
                isArmed.withLock({ isArmed in
                    defer { isArmed = false }
                    return isArmed
                })
            else { return nil }
            return .afterwards(.close)
        }
        let log = PublicationLog(try store.client())
        #expect(try log.begin(author: "a test"))
        isArmed.withLock { $0 = true }
        var proposals = 0
        let own = try log.append(author: "ours") { entry, _ in
            proposals += 1
            entry.append([RefEditResult(try ref("a"), .moved, from: nil, to: checksum("a"))])
            return true
        }
        #expect(own.sequence == 1 && proposals == 1 && own.newest.entry.author == "ours")
    }

    @Test func `Where the store stays silent about an entry, nobody says that it failed`() throws {
        let isDead = Locked(false)
        let store = try ToyStore { call in
            let isEntry = call.method == "PUT" && call.path.contains("/bst-artifact/log/")
            if isDead.withLock({ isDead in
                defer { isDead = isDead || isEntry && call.body.count > 200 }
                return isDead
            }) {
                return .instead(.close)
            }
            return nil
        }
        let log = PublicationLog(try store.client())
        #expect(try log.begin(author: "a test"))
        isDead.withLock { $0 = false }
        let error = #expect(throws: S3Error.self) {
            _ = try log.append(author: String(repeating: "long", count: 100)) { entry, _ in
                entry.append([RefEditResult(try ref("a"), .moved, from: nil, to: checksum("a"))])
                isDead.withLock { $0 = true }
                return true
            }
        }
        #expect(error?.code == .outcomeUnknown)
        #expect(error.map { "\($0)" }?.contains("nobody can tell") == true)
    }

    @Test func `What was read too long ago is read again before an entry is created`() throws {
        let store = try ToyStore()
        var log = PublicationLog(try store.client())
        #expect(try log.begin(author: "a test"))
        let old = try log.newest()
        // Two more, and then the first ones are removed, as after a week.
        for number in 0..<3 {
            _ = try log.append(author: "others") { entry, _ in
                entry.append([
                    RefEditResult(try ref("r\(number)"), .moved, from: nil, to: checksum("\(number)"))
                ])
                return true
            }
        }
        for sequence in 0..<3 as Range<UInt64> { store["place/" + LogKey.name(of: sequence)] = nil }
        log.patience = .nanoseconds(1)
        var seen: [UInt64] = []
        #expect(throws: CancellationError.self) {
            _ = try log.append(from: old, author: "slow") { _, position in
                seen.append(position.sequence)
                throw CancellationError()
            }
        }
        #expect(seen == [3])
    }

    @Test func `A session makes up for the views that another one has not written`() throws {
        let isBroken = Locked(true)
        let store = try ToyStore { call in
            call.method == "PUT" && call.path.contains("/refs/heads/") && isBroken.withLock { $0 }
                ? .instead(.close) : nil
        }
        let sample = try BucketSample()
        _ = try BucketStore.make(store.client(), author: "a test")
        let commit = try sample.commit("a/b/1", ["file": "x\n"])
        try push(sample, commit, to: sample.store(store.client()))
        #expect(store.keys.allSatisfy { !$0.contains("refs/heads") })
        isBroken.withLock { $0 = false }
        try sample.store(store.client()).recover()
        #expect(store.keys.filter { $0.contains("refs/heads") }.count == 2)
        #expect(try OSTreeCommand.refs(sample.download(store.client())).sorted() == ["a/b/1", "a/b/2"])
    }
}
