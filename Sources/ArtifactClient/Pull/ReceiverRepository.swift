// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc

/// A reader of a repository behind a receiver, with `Capability.pull`.
///
/// It keeps a connection, and makes another one where the protocol does not go back: objects are requested last.
public final class ReceiverRepository: PullSource {
    private typealias Connection = ReceiverConnection<PullStateMachine>

    /// The repository's address, for messages.
    public let remote: String
    /// The web address to pull from that the receiver tells.
    public private(set) var pullURL: String?
    /// Indicates that the receiver gives objects.
    public private(set) var givesObjects = false
    private let command: ReceiverCommand
    private let options: ConnectionOptions
    private var connection: Connection?
    /// A connection on which the last message was sent, and whose receiver need not have exited yet.
    private var lastConnection: Connection?
    private var known: [RefName: Checksum] = [:]
    private var asked: Set<RefName> = []
    private var collectionOfRefs: String?
    /// The commits that are here, so that the receiver need not send what resembles them.
    private let ours: CommitsHere

    /// The bytes of refs in the first message, and in one of a receiver that takes large ones.
    private static let refSpace = (first: FrameHeader.maximumBodySize - 4096, large: 4_000_000)

    /// Connects, and asks for refs.
    ///
    /// - Parameters:
    ///   - address: the receiver's address.
    ///   - options: the settings for connections.
    ///   - refs: refs that are likely to be pulled.
    ///   - ours: the commits that are here.
    /// - Throws: `ClientError` where the receiver cannot be reached.
    public init(
        _ address: RemoteAddress, options: ConnectionOptions = ConnectionOptions(),
        naming refs: [RefName] = [],
        ours: CommitsHere = CommitsHere()
    ) throws {
        command = try ReceiverCommand(address, options: options.receiver)
        (remote, self.options, self.ours) = (command.remote, options, ours)
        try ask(for: refs, by: connect())
    }

    deinit {
        close()
    }

    /// Leaves the receiver, if there is a connection, and waits until it exits.
    public func close() {
        try? connection?.leave()
        try? lastConnection?.close()
        (connection, lastConnection) = (nil, nil)
    }

    // MARK: Refs

    private func connect() throws -> Connection {
        close()
        let connection = try Connection(command, options, session: PullStateMachine())
        self.connection = connection
        return connection
    }

    /// The connection, if refs can be asked for on it, or another one.
    private func askingConnection() throws -> Connection {
        if let connection, connection.session.mayAsk { return connection }
        let connection = try connect()
        try ask(for: [], by: connection)
        return connection
    }

    /// Introduces the client, and asks for refs, as often as one message does not hold all of them.
    private func ask(for refs: [RefName], by connection: Connection) throws {
        var rest = refs[...]
        repeat {
            var size = 0
            let isFirst = connection.session.capabilities.isEmpty
            let space = isFirst ? ReceiverRepository.refSpace.first : ReceiverRepository.refSpace.large
            let part = rest.prefix { ref in
                size += RefEdit(ref, from: .mustNotExist, to: nil).maximumEncodedSize
                return size <= space
            }
            var info = Info(asking: Array(part), capabilities: options.capabilities)
            for ref in part { if let commit = ours.byRef[ref] { info.refs[ref] = commit } }
            if isFirst, info.capabilities.contains(.ahead) { info.similar = ours.beside }
            try connection.say { try $0.begin(info) }
            let answer = try connection.introduction()
            rest = rest[part.endIndex...]
            asked.formUnion(part)
            for (ref, commit) in answer.refs where known[ref] == nil { known[ref] = commit }
            (pullURL, collectionOfRefs) = (answer.pullURL, answer.collection)
            givesObjects = connection.session.capabilities.contains(.pull)
            if !connection.session.capabilities.contains(.largeFrames) { break }
        } while !rest.isEmpty
    }

    /// Returns the commits of those refs that the receiver has and lets be read.
    ///
    /// - Throws: `ClientError` where it cannot be reached.
    public func resolve(_ refs: [RefName]) throws -> [RefName: Checksum] {
        let unknown = refs.filter { known[$0] == nil && !asked.contains($0) }
        if !unknown.isEmpty {
            if let connection, connection.session.mayAsk,
                connection.session.capabilities.contains(.largeFrames)
            {
                try ask(for: unknown, by: connection)
            } else {
                // The first message may name refs in any case.
                try ask(for: unknown, by: connect())
            }
        }
        let wanted = Set(refs)
        return known.filter { wanted.contains($0.key) }
    }

    /// Has a ref stand for a commit, wherever the receiver's ref points to.
    public func resolve(_ ref: RefName, to commit: Checksum) { known[ref] = commit }

    /// Returns the collection that the receiver's refs belong to; nil if it has none.
    public func collection() throws -> String? { collectionOfRefs.flatMap { $0.isEmpty ? nil : $0 } }

    /// Returns the collection of the receiver's refs, and no others: it gives its own refs alone.
    public func collections() throws -> (own: String?, mirrored: [String]) { (try collection(), []) }

    /// Visits the refs that the receiver lets be read, sorted by name.
    public func forEachRef(
        matching patterns: [String], ofCollection collection: String?, hasDetails: Bool,
        _ visit: (Summary.Entry) throws -> Void
    ) throws {
        guard collection == nil else { return }
        let connection = try askingConnection()
        try connection.say { try $0.list(RefQuery(patterns: patterns, hasDetails: hasDetails)) }
        while true {
            guard case .refs(let refs) = try connection.answer() else { continue }
            guard !refs.isEmpty else { return }
            for entry in refs {
                // Those that were chosen are likely to be pulled.
                if !patterns.isEmpty, known[entry.ref] == nil { known[entry.ref] = entry.commit }
                try visit(
                    Summary.Entry(
                        ref: entry.ref, commit: entry.commit, commitSize: entry.commitSize,
                        timestamp: hasDetails ? entry.timestamp : nil))
            }
        }
    }

    // MARK: Objects

    /// Returns those commits that the receiver has and lets be read, without their trees.
    ///
    /// - Throws: `ClientError` where it has something else in the place of one.
    public func existing(_ commits: [Checksum]) throws -> [Checksum: Commit] {
        var found: [Checksum: Commit] = [:]
        let connection = try askingConnection()
        // Objects that come beside them are not kept, so the connection serves for nothing else.
        defer { close() }
        var rest = Set(commits).sorted()[...]
        var bytes: [UInt8] = []
        var current: ObjectName?
        while !rest.isEmpty || !connection.session.isSettled {
            let names = rest.prefix(ReceiveStateMachine.wantLimit - connection.session.unansweredWants)
                .map { ObjectName($0, .commit) }
            rest = rest.dropFirst(names.count)
            if !names.isEmpty { try connection.say { try $0.want(names.map { WantedObject($0) }) } }
            switch try connection.answer() {
            case .objectBegins(let name, let size):
                guard size <= Commit.maximumMetadataSize else {
                    throw ClientError(
                        .badContent, "\(remote) sends commit \(name.checksum) with \(size) bytes")
                }
                (current, bytes) = (name, [])
            case .aheadBegins: current = nil
            case .objectBytes(let piece): if current != nil { bytes += piece }
            case .objectEnds:
                guard let name = current else { continue }
                do throws(RepositoryError) {
                    found[name.checksum] = try Commit(verifying: bytes, name)
                } catch {
                    throw ClientError.wrongBytes(error, from: remote)
                }
            case .objectContinues, .objectAbsent, .objectSentAhead, .info, .status, .refs: break
            }
        }
        return found
    }

    /// Fetches everything that is missing, waits until it is verified, and leaves the receiver. A receiver gives no static deltas.
    ///
    /// - Throws: `ClientError` with `missing` where the receiver lacks a part of it.
    public func fetch(_ objects: ObjectFetch, with deltas: DeltaUse?) throws {
        let connection = try self.connection ?? askingConnection()
        var arrivals = ObjectArrivals(objects)
        repeat {
            while true {
                // One message asks for everything that these name.
                while let answer = try connection.bufferedAnswer() { try arrivals.handle(answer) }
                arrivals.noteRequests(try request(objects, on: connection))
                if connection.session.isSettled { break }
                try arrivals.handle(connection.answer())
            }
        } while try objects.takeVerdicts(waiting: true)
        // It exits while what came is published.
        try? connection.startLeaving()
        self.connection = nil
        try? lastConnection?.close()
        lastConnection = connection
    }

    /// Requests missing objects, many at a time, before the receiver runs out of work.
    private func request(_ objects: ObjectFetch, on connection: Connection) throws -> [ObjectName] {
        _ = try objects.takeVerdicts(waiting: false)
        guard connection.session.unansweredWants <= ReceiveStateMachine.wantLimit / 2 else { return [] }
        var names: [ObjectName] = []
        while connection.session.unansweredWants + names.count < ReceiveStateMachine.wantLimit,
            let name = try objects.next()
        {
            names.append(name)
        }
        if !names.isEmpty {
            let resumes = connection.session.capabilities.contains(.resume)
            let wanted = names.map { WantedObject($0, from: resumes ? objects.resumePoint(of: $0) : nil) }
            try connection.say { try $0.want(wanted) }
            try connection.flush()
        }
        return names
    }
}
