// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import TextCoding

/// The refs that are to be here as they are at a remote.
struct MirroredSelection {
    /// Shell-style patterns; `*` stands for all refs.
    var patterns: [String]
    /// Patterns of refs that are neither pulled nor removed.
    var excluded: [String] = []
    /// Removes refs here that the remote has no more.
    var prunes = false
    /// Asks for nothing of refs that are where the summary has them.
    var skipsUnchanged = false

    func contains(_ ref: RefName) -> Bool {
        patterns.contains { RefPatterns.matches(ref, $0) }
            && !excluded.contains { RefPatterns.matches(ref, $0) }
    }
}

extension FallbackPuller {
    /// Pulls the refs in a remote's summary that are selected, at the commits that it has there, and removes those here that
    /// the remote has no more.
    ///
    /// - Throws: `ClientError` with `unknownRef` if no ref there is selected.
    mutating func mirror(_ selection: MirroredSelection, of cache: RemoteAddress) throws {
        let (remote, address) = try source(at: cache, naming: [])
        var entries: [Summary.Entry] = []
        let collections = try remote.collections()
        try remote.forEachRef(matching: selection.patterns, ofCollection: nil, hasDetails: false) {
            if selection.contains($0.ref) { entries.append($0) }
        }
        let target = try destination.repository(ofListed: collections.own)
        var isFound = try mirror(entries, of: remote, at: address, into: target, selection)
        if destination.place == .mirror {
            for collection in collections.mirrored {
                var entries: [Summary.Entry] = []
                try remote.forEachRef(matching: [], ofCollection: collection, hasDetails: false) {
                    if selection.contains($0.ref) { entries.append($0) }
                }
                // The names of refs of another collection stand for other commits.
                let (remote, _) = try source(at: cache, naming: [])
                let target = try destination.repository(forCollection: collection)
                let hasRefs = try mirror(
                    entries, of: remote, at: address, into: target, selection, isOwn: false)
                isFound = isFound || hasRefs
            }
        }
        guard !isFound else { return }
        let words = selection.patterns == ["*"] ? "ref" : "ref \(selection.patterns.joined(separator: " "))"
        throw ClientError(
            .unknownRef,
            "there is no \(words) in the summary of \(address): list what there is with 'bst-artifact list'")
    }

    /// Makes the refs of one place equal to entries of a summary.
    ///
    /// - Parameter isOwn: True for refs in the remote's `refs/heads`, where they can be looked for.
    /// - Returns: false if there are none, there or here.
    private mutating func mirror(
        _ entries: [Summary.Entry], of remote: any PullSource, at address: RemoteAddress,
        into target: Repository, _ selection: MirroredSelection, isOwn: Bool = true
    ) throws -> Bool {
        // A repository with a collection ID makes its own metadata.
        let ownRef = target.refPlace == .heads && target.collection != nil ? Repository.metadataRef : nil
        let entries = entries.filter { $0.ref != ownRef }
        for entry in entries { remote.resolve(entry.ref, to: entry.commit) }
        let there = Set(entries.map(\.ref))
        let wanted = try entries.filter { try !selection.skipsUnchanged || !isWhole($0, in: target) }
        if wanted.isEmpty, !there.isEmpty {
            terminal.say("\(address): nothing new in \(Format.count(there.count, "ref"))")
        }
        if !wanted.isEmpty {
            let puller = Puller(from: remote, into: target, policies: rules.policies(destination.repository))
            try pull(wanted.map(\.ref), with: puller, from: address)
        }
        let name = destination.remoteName ?? "\(address)"
        // In refs/heads are also refs of others.
        let recorded = target.refPlace == .heads ? try target.mirroredRefs(of: name) : nil
        var gone: [(ref: RefName, commit: Checksum)] = []
        if selection.prunes {
            gone = try target.refs().filter {
                !there.contains($0.ref) && selection.contains($0.ref) && recorded?.contains($0.ref) ?? true
            }
            // A summary may be older than the refs.
            let current = isOwn && !gone.isEmpty ? try remote.resolve(gone.map(\.ref)) : [:]
            gone.removeAll { current[$0.ref] != nil }
            try prune(&gone, of: target, remote: address, isEverything: there.isEmpty && current.isEmpty)
        }
        if let recorded, !isDryRun {
            let refs = recorded.union(there).subtracting(gone.map(\.ref))
            if refs != recorded { try target.recordMirroredRefs(refs, of: name) }
        }
        return !there.isEmpty || !gone.isEmpty
    }

    /// Returns true if a ref is where a summary has it, with as much history as is asked for.
    private func isWhole(_ entry: Summary.Entry, in target: Repository) throws -> Bool {
        try target.commit(of: entry.ref) == entry.commit
            && target.contains(ObjectName(entry.commit, .commit)) && !target.isPartial(entry.commit)
            && target.historyEnd(of: entry.commit, within: depth) == nil
    }

    /// Removes refs that the remote has no more, except for pinned ones, which are taken from the list.
    private mutating func prune(
        _ gone: inout [(ref: RefName, commit: Checksum)], of target: Repository, remote: RemoteAddress,
        isEverything: Bool
    ) throws {
        guard !gone.isEmpty else { return }
        guard !isEverything else {
            throw ClientError(
                .badContent,
                "nothing is removed: \(remote) has none of the \(Format.count(gone.count, "ref")) that mirror it here any more, "
                    + "and that is rarely meant: look at it, and remove them with 'ostree refs --delete' if it is"
            )
        }
        let pins = try target.pins()
        gone.removeAll { entry in
            guard pins.contains(entry.ref) else { return false }
            terminal.warn(
                "\(target.refPlace.shown(entry.ref)) stays, though \(remote) has it no more, since it is pinned"
            )
            return true
        }
        if !isDryRun {
            _ = try target.delete(gone.map { RefEdit($0.ref, from: .mustMatch($0.commit), to: nil) })
        }
        for entry in gone {
            let ref = target.refPlace.shown(entry.ref)
            terminal.say("\(ref): \(isDryRun ? "would be removed" : "removed"), was at \(entry.commit)")
            pruned.append([
                "ref": JSON(entry.ref), "localRef": JSON(ref), "commit": JSON(entry.commit),
            ])
        }
    }
}
