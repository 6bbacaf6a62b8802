// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension Repository {
    /// Moves refs, all or none, durably. The caller holds the ref lock, and everything that they point to is durable.
    ///
    /// One ref is one file that is replaced. Several are noted in a journal first, by which the next process completes them
    /// after a crash.
    func move(_ moves: [RefEditResult]) throws {
        guard !moves.isEmpty else { return }
        // An alias that is removed comes back as such where a later removal fails.
        let links = try Dictionary(
            moves.filter { $0.new == nil }.map { ($0.ref, try aliasLink(of: $0.ref)) }
        ) { first, _ in first }
        for move in moves { try makeDirectories(of: move.ref) }
        let written =
            moves.count > Self.mostSyncedAlone ? try WrittenRefs(moves, in: standardDirectory("tmp")) : nil
        defer { written?.discard() }
        let isJournalled = moves.count > 1
        if isJournalled { try writeJournal(moves) }
        var count = 0
        do {
            for (index, move) in moves.enumerated() {
                count += 1
                if let written, move.new != nil {
                    try written.rename(index, to: root, refFile(move.ref))
                } else {
                    try point(move.ref, to: move.new)
                }
            }
            try syncRefDirectories(of: moves.map(\.ref))
        } catch {
            try moveBack(moves.prefix(count), links)
            if isJournalled { try removeJournal() }
            throw error
        }
        // All refs are where they must be. A journal that stays does no harm: the next publication finds nothing to do.
        if isJournalled { try? removeJournal() }
        // So that others notice, as libostree does.
        try? root.setModificationTime(".", nil)
    }

    /// The number of refs whose files are synced one by one. For more, the whole file system is synced once, which also writes
    /// the data of others.
    private static let mostSyncedAlone = 16

    private func moveBack(_ moves: ArraySlice<RefEditResult>, _ links: [RefName: [UInt8]?]) throws {
        for move in moves.reversed() where try commit(of: move.ref) != move.old {
            if let link = links[move.ref] ?? nil {
                try root.makeLink(refFile(move.ref), target: String(decoding: link, as: UTF8.self))
            } else {
                try point(move.ref, to: move.old)
            }
        }
        try syncRefDirectories(of: moves.map(\.ref))
    }

    /// Lets a ref point to a commit, or removes it.
    func point(_ ref: RefName, to commit: Checksum?) throws {
        let path = refFile(ref)
        guard let commit else { return try root.remove(path) }
        try replaceFile(path, with: RefFile.content(commit))
    }

    /// Makes the directories that lead to a ref, and clears its place.
    func makeDirectories(of ref: RefName) throws {
        _ = try standardDirectory(refPlace.path)
        try clearPlace(of: ref)
        for parent in ref.parents {
            let path = refFile(parent)
            if try !root.contains(path) { try root.makeDirectory(path, mayExist: true) }
        }
    }

    /// The place of the refs, and the directory that it is in where that may be new.
    private var directoriesToPlace: [String] {
        switch refPlace {
        case .heads: [refPlace.path]
        case .remote: ["refs/remotes", refPlace.path]
        case .mirror: ["refs/mirrors", refPlace.path]
        }
    }

    /// Makes the names of refs durable.
    func syncRefDirectories(of refs: [RefName]) throws {
        let directories = directoriesToPlace + Set(refs.flatMap(\.parents)).map(refFile)
        // After a crash not all of them need be there.
        for directory in directories
        where try root.status(of: directory).map({ $0.st_mode & S_IFMT }) == S_IFDIR {
            try root.directory(directory).sync()
        }
    }
}
