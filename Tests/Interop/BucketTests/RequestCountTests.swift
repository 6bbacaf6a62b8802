// SPDX-License-Identifier: Apache-2.0

import S3Samples
import TestSupport
import Testing

/// The number of requests that the programs send, which people pay for.
@Suite struct RequestCountTests {
    private let store: ToyStore
    private let stage: BucketStage
    /// Commits that are asked for, whose answers wait for each other.
    private let similar = Locked<Set<String>>([])
    /// The number of those that were asked for.
    private let waiting = Locked(0)
    /// The number of those whose answers came when all had been asked for.
    private let together = Locked(0)
    private static let similarCount = 6

    /// The commit whose object a request is for.
    private static func commit(in target: String) -> String? {
        guard target.hasSuffix(".commit") else { return nil }
        return target.split(separator: "/").suffix(2).joined().split(separator: ".").first.map(String.init)
    }

    init() throws {
        store = try ToyStore { [similar, waiting, together] request in
            guard request.method == "HEAD", let commit = Self.commit(in: request.path),
                similar.withLock({ $0.contains(commit) })
            else { return nil }
            waiting.withLock { $0 += 1 }
            // Where they come one after the other, the next one waits for this answer.
            if eventually(within: 5, { waiting.withLock { $0 } >= Self.similarCount }) {
                together.withLock { $0 += 1 }
            }
            return nil
        }
        stage = try BucketStage(cacheIn: store)
    }

    /// Counts the requests of `body`.
    private func count(_ body: () throws -> Void) rethrows -> [String] {
        let before = store.server.requests.count
        try body()
        return store.server.requests[before...].map { "\($0.method) \($0.target)" }
    }

    @Test(arguments: [false, true])
    func `A push of what is there costs six requests at most`(_ usesReceiver: Bool) throws {
        let way = try usesReceiver ? Stage.receiver([]) : []
        _ = try stage.commit("hello/base/1", ["usr/bin/hello": "hello\n"])
        try stage.push(["hello/base/1"]).checked()
        // The client has others beside it, which are looked for where something moves.
        for number in 2..<8 { _ = try stage.commit("hello/base/\(number)", ["file": "\(number)\n"]) }
        let again = try count { try stage.push(["hello/base/1"], way).checked() }
        #expect(again.count <= 6, "\(again.joined(separator: "\n"))")
        // Also where the ref is in the state, and its view was found written.
        for number in 0..<3 {
            let refs = try (0..<40).map { index in
                _ = try stage.commit("many/\(number)/\(index)", ["file": "\(number) \(index)\n"])
                return "many/\(number)/\(index)"
            }
            try stage.push(refs).checked()
        }
        let later = try count { try stage.push(["hello/base/1"], way).checked() }
        #expect(later.filter { !$0.contains("refs/heads") }.count <= 6, "\(later.joined(separator: "\n"))")
    }

    @Test(arguments: [false, true])
    func `Commits that a new one may resemble are asked for at the same time, and once each`(
        _ usesReceiver: Bool
    ) throws {
        let way = try usesReceiver ? Stage.receiver([]) : []
        let commits = try (0..<Self.similarCount).map { number in
            try stage.commit("hello/base/\(number)", ["file": "\(number)\n"])
        }
        let new = try stage.commit("hello/base/new", ["file": "new\n"])
        similar.withLock { $0 = Set(commits) }
        let requests = try count { try stage.push(["hello/base/new"], way).checked() }
        let asked = commits.map { commit in
            requests.count { $0.hasPrefix("HEAD") && Self.commit(in: $0) == commit }
        }
        #expect(asked.allSatisfy { $0 == 1 }, "\(requests.joined(separator: "\n"))")
        #expect(together.withLock { $0 } == Self.similarCount)
        #expect(try OSTreeCommand.revParse(stage.mine, "hello/base/new") == new)
    }

    @Test(arguments: [false, true])
    func `A push of a small change looks at what has changed alone`(_ usesReceiver: Bool) throws {
        let way = try usesReceiver ? Stage.receiver([]) : []
        var files: [String: String] = [:]
        for number in 0..<200 { files["directory-\(number % 20)/file-\(number)"] = "\(number)\n" }
        let first = try stage.commit("hello/base/1", files)
        let whole = try count { try stage.push(["hello/base/1"], way).checked() }
        // Two hundred files, twenty directories with one dirmeta, root, commit; each directory is looked for once.
        #expect(whole.count < 223 + 25 + 20, "\(whole.count)")
        files["directory-7/file-7"] = "changed\n"
        _ = try stage.commit("hello/base/1", files, parent: first)
        let change = try count { try stage.push(["hello/base/1"], way).checked() }
        #expect(change.count < 30, "\(change.joined(separator: "\n"))")
        // A new ref, with nothing that leads to the old commit but what the client says.
        files["directory-9/file-9"] = "changed\n"
        _ = try stage.commit("hello/base/2", files)
        let similar = try count { try stage.push(["hello/base/2"], way).checked() }
        #expect(similar.count < 35, "\(similar.joined(separator: "\n"))")
    }
}
