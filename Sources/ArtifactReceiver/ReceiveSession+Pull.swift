// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

// Pulls, with `Capability.pull`.
extension ReceiveSession {
    /// The bytes of refs in a message.
    private static let listSize = 60_000

    /// Gives the client the objects that it requests, until it leaves.
    ///
    /// - Parameter first: the first requests.
    mutating func give(_ first: [WantedObject], _ input: Descriptor, _ buffer: StreamBuffer) throws {
        guard let repository = store as? Repository else {
            throw ProtocolError(
                .outOfOrder, "\(store.location) cannot be pulled from in this way: pull from its web address")
        }
        recordAccess(of: Array(told.keys))
        let offered = OfferedObjects(repository)
        for entry in told.values { offered.add(entry.commit) }
        let client = try PullingClient(
            machine, input: input, buffer: buffer, output: output, repository: repository, offered: offered,
            options: options)
        var sent = (objects: 0, bytes: UInt64(0))
        var answerer = ObjectAnswerer(
            client, encoder: try ParallelEncoder(repository, compression: .balanced), offered: offered,
            ahead: ahead ?? objectsAhead(repository),
            showSent: { _, size in sent = (sent.objects + 1, sent.bytes + size) })
        do {
            try answerer.answer(first)
            // A client may leave before it has read the answers.
            try client.flush()
        } catch {
            // Within an object, the client would take a message for a part of it.
            if client.isInsideObject || (try? client.flush()) == nil { _ = machine.refusal("") }
            throw error
        }
        logger.notice("pull complete", metadata: ["sent": "\(sent.objects)", "bytes": "\(sent.bytes)"])
    }

    private func objectsAhead(_ repository: Repository) -> ObjectsAhead {
        let bases = told.values.compactMap { entry in entry.theirs.map { (entry.commit, $0) } }
        return ObjectsAhead(repository, bases: Dictionary(bases) { first, _ in first }, similar: similar)
    }

    /// Chooses what a client that pulls a ref is likely to get ahead, while it learns of the ref's commit.
    mutating func anticipateRequests(of client: Info) {
        ahead = nil
        guard machine.capabilities.isSuperset(of: [.pull, .ahead]), !client.capabilities.contains(.want),
            told.count == 1, let entry = told.values.first, entry.theirs != entry.commit,
            let repository = store as? Repository
        else { return }
        var ahead = objectsAhead(repository)
        // A damaged repository fails later, when the client asks for the commit.
        guard (try? ahead.anticipate(entry.commit)) != nil else { return }
        self.ahead = ahead
    }

    /// Sends the refs that a client asks for and may read.
    func list(_ query: RefQuery) throws {
        let asked = RefFilter(allowed: query.patterns, denied: [])
        var part: [ListedRef] = []
        var size = 0
        for (ref, commit) in try store.refs()
        where asked.allows(ref) && options.readable?.allows(ref) != false {
            var entry = ListedRef(ref, commit)
            if query.hasDetails {
                let name = ObjectName(commit, .commit)
                guard let bytes = try store.metadata(name) else { continue }
                entry.commitSize = UInt64(bytes.count)
                entry.timestamp = (try? bytes.withUnsafeBytes { try Commit($0, name) })?.timestamp ?? 0
            }
            size += entry.maximumEncodedSize
            if size > ReceiveSession.listSize {
                try send(machine.refs(part))
                (part, size) = ([], entry.maximumEncodedSize)
            }
            part.append(entry)
        }
        if !part.isEmpty { try send(machine.refs(part)) }
        try send(machine.refs([]))
    }
}
