// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Logging

/// The receiver's message about itself, and about the refs that a client names.
struct ReceiverIntroduction {
    let store: any ArtifactStore
    let options: Receiver.Options
    /// The capabilities that are in use already.
    let capabilities: Set<Capability>
    /// Indicates that ancestors are requested behind commits that are here, as the client wants it.
    private(set) var fillsHistory: Bool
    /// The commits whose history was found to be complete.
    private(set) var wholeHistories: [Checksum] = []

    /// The commits named by the client that it may learn of.
    private(set) var knownCommits: Set<Checksum> = []

    init(
        store: any ArtifactStore, options: Receiver.Options, capabilities: Set<Capability> = [],
        fillsHistory: Bool = false
    ) {
        self.store = store
        self.options = options
        self.capabilities = capabilities
        self.fillsHistory = fillsHistory
    }

    /// The answer about the requested refs only, since a cache may have a million.
    mutating func answer(to info: Info) throws -> Info {
        var refs: [RefName: Checksum] = [:]
        let common = info.capabilities.union(capabilities).intersection(options.capabilities)
        let isPull = common.contains(.pull)
        // Whoever may not push has no use for what cannot be read either.
        let tellsAll = !isPull && !options.isReadOnly
        for ref in info.refs.keys where tellsAll || options.readable?.allows(ref) != false {
            refs[ref] = try store.wholeCommit(of: ref)
        }
        knownCommits = try knownCommits(of: info, told: refs)
        var answer = Info(
            mode: store.mode.rawValue, refs: refs, pullURL: options.pullURL,
            capabilities: common, isReadOnly: options.isReadOnly)
        // No objects travel unless some ref moves, and in a bucket each commit costs a request.
        if common.contains(.ahead), info.refs.contains(where: { refs[$0.key] != $0.value }) {
            let known = info.similar.filter(knownCommits.contains)
            try store.prefetch(known.map { ObjectName($0, .commit) })
            answer.similar = try known.filter(store.hasWhole)
        }
        if isPull { answer.collection = (store as? Repository)?.collection }
        if !answer.capabilities.contains(.want) { answer.capabilities.remove(.history) }
        if answer.capabilities.contains(.history) {
            fillsHistory = fillsHistory || info.fillsHistory
            try tellHistoryEnds(of: refs, in: &answer)
        }
        if answer.capabilities.contains(.metadata) {
            try tellMetadata(of: knownCommits.intersection(info.refs.values), in: &answer)
        }
        return answer
    }

    /// The commits named by a client that it may learn of: all, unless it may read certain refs only. For it, the answer about
    /// any other commit is the one about a commit that is not here.
    private func knownCommits(of info: Info, told refs: [RefName: Checksum]) throws -> Set<Checksum> {
        let named = Set(info.refs.values).union(info.similar)
        guard let filter = options.readable else { return named }
        let told = named.intersection(refs.values)
        guard let repository = store as? Repository else { return told }
        let readable = refs.filter { filter.allows($0.key) }
        return try told.union(repository.commits(among: named, beside: info.refs.keys, where: filter.allows))
            .union(repository.ancestors(of: readable.values, among: named))
    }

    /// Tells which histories end early here, as far as there is space in the message.
    private mutating func tellHistoryEnds(of refs: [RefName: Checksum], in answer: inout Info) throws {
        var search = HistorySearch(in: store, fillsHistory ? .thorough : .bounded)
        var space = answer.spaceForMetadata(large: capabilities.contains(.largeFrames))
        for (ref, commit) in refs.sorted(by: { $0.key < $1.key }) {
            guard let end = try search.end(of: commit) else { continue }
            answer.tellHistoryEnd(of: ref, at: end.commit, space: &space)
        }
        wholeHistories += search.wholeHistories
    }

    /// Tells which detached metadata commits have that are here, as far as there is space in the message.
    private func tellMetadata(of commits: some Sequence<Checksum>, in answer: inout Info) throws {
        var space = answer.spaceForMetadata(large: capabilities.contains(.largeFrames))
        for commit in Set(commits).sorted() where try store.contains(ObjectName(commit, .commit)) {
            // The client sends its own for what cannot be read here, or is too large to be added to.
            let bytes = try store.metadata(ObjectName(commit, .commitmeta))
            guard bytes?.count ?? 0 <= DetachedMetadata.maximumGrownSize,
                let items = try? DetachedMetadata(bytes, of: commit).items
            else { continue }
            answer.tellMetadata(of: commit, Set(items.map(\.digest)), space: &space)
        }
    }

    /// The first message of version 0: all refs, as many as fit into a frame.
    func greeting(_ logger: Logger) throws -> Info {
        var info = Info(mode: store.mode.rawValue, pullURL: nil)
        var size = 0
        let refs = try store.refs()
        for (ref, commit) in refs {
            // Name and commit with their NULs, and two framing offsets.
            size += ref.text.utf8.count + 1 + 65 + 4
            guard size < FrameHeader.maximumBodySize - 256 else {
                logger.warning(
                    """
                    version 0 of the protocol cannot tell its clients about all \(refs.count) refs of \(store.location), only \
                    about the first \(info.refs.count); clients that push others should use version 1
                    """)
                break
            }
            info.refs[ref] = commit
        }
        return info
    }
}

extension ArtifactStore {
    /// The commit of a ref; nil if it is missing or marked as partial, so that it is pushed again.
    func wholeCommit(of ref: RefName) throws -> Checksum? {
        try commit(of: ref).flatMap { try hasWhole($0) ? $0 : nil }
    }
}
