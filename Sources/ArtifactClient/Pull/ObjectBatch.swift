// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Fetches many objects with one request, from a server that gives them so.
///
/// Objects that do not come are fetched one by one.
final class ObjectBatch: WebRequest {
    let path: String
    let body: [UInt8]?
    private let fetch: ObjectFetch
    private let names: [ObjectName]
    private var machine: PullStateMachine
    private let buffer = StreamBuffer()
    private var arrivals: ObjectArrivals
    private var current: ObjectName?
    /// The objects that did not come yet.
    private var outstanding: Set<ObjectName>
    /// A failure that is not the server's.
    private var failure: (any Error)?
    /// True unless the server answered, and did not say that it has static deltas to the requested commits.
    private(set) var mayHaveDeltas = true

    /// The most objects of a batch.
    static let limit = 256

    /// Asks for objects.
    ///
    /// - Parameters:
    ///   - commit: a commit that they belong to.
    ///   - similar: commits that are here and that it may resemble.
    init(
        _ names: [ObjectName], for fetch: ObjectFetch, commit: Checksum?, similar: [Checksum]
    ) throws {
        (self.names, self.fetch) = (names, fetch)
        let have = similar.prefix(SimilarCommits.limit).map(\.hex).joined(separator: ",")
        path =
            "objects" + (commit.flatMap { have.isEmpty ? nil : "?commit=\($0)&have=\(have)" } ?? "")
        body = try Message.want(names.map { WantedObject($0) }).frame(version: .one, order: .little)
        machine = try PullStateMachine(requesting: names)
        arrivals = ObjectArrivals(fetch)
        outstanding = Set(names)
    }

    // Whatever fails, single requests take its place.
    var isDispensable: Bool { true }
    var isContentAddressed: Bool { true }

    func begin(_ body: WebBody) throws { mayHaveDeltas = body.hasDeltas }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            var rest = bytes
            while !rest.isEmpty {
                let count = buffer.append(rest)
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                while let answer = try machine.next(from: buffer) { try handle(answer) }
            }
        } catch {
            // The server's faults show again in single requests.
            let isOfServer = error is ProtocolError || (error as? ClientError)?.code == .badContent
            if !isOfServer { failure = error }
            throw error
        }
    }

    private func handle(_ answer: PullStateMachine.Answer) throws {
        switch answer {
        case .objectBegins(let name, _): current = name
        case .aheadBegins: current = nil
        case .objectSentAhead(let name): outstanding.remove(name)
        case .objectAbsent(let name):
            // A large one is to be asked for by itself.
            guard fetch.isOptional(name) else { return }
            outstanding.remove(name)
            return try fetch.handleAbsence(of: name)
        default: break
        }
        try arrivals.handle(answer)
        if case .objectEnds = answer, let current { outstanding.remove(current) }
    }

    func end(_ result: WebResult) throws {
        if let failure { throw failure }
        fetch.endBatch(
            lacking: names.filter(outstanding.contains), isUsable: result == .complete && machine.isSettled)
    }
}
