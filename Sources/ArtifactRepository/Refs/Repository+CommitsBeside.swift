// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension Repository {
    /// The most files of a directory of refs that are looked at.
    private static let besideLimit = 1000
    /// The most commits that are named for one directory.
    private static let besideCount = 8

    /// The most ancestors that are looked at for one message.
    private static let ancestorLimit = 500

    /// The commits of other refs in the directories of refs, which their commits are likely to resemble: a cache keeps the artifacts of
    /// an element beside each other.
    ///
    /// - Returns: whole commits, at most `SimilarCommits.limit`; of each directory those whose refs were written or used last.
    package func commits(beside refs: some Sequence<RefName>) throws -> [Checksum] {
        let own = Set(refs.map(refFile))
        var commits: [Checksum] = []
        for directory in directories(of: own) {
            for file in try recentRefFiles(in: directory, except: own) {
                guard commits.count < SimilarCommits.limit else { return commits }
                guard let commit = try ifIntact({ try commitInRefFile(file) }) ?? nil,
                    !commits.contains(commit), try hasWhole(commit)
                else { continue }
                commits.append(commit)
            }
        }
        return commits
    }

    /// Returns those of some commits that refs in the directories of refs point to. Looks at as many as `commits(beside:)` does.
    ///
    /// - Parameters:
    ///   - named: the commits.
    ///   - refs: the refs, which count too.
    ///   - isAllowed: returns true for a ref that counts.
    package func commits(
        among named: Set<Checksum>, beside refs: some Sequence<RefName>, where isAllowed: (RefName) -> Bool
    ) throws -> Set<Checksum> {
        var found: Set<Checksum> = []
        for directory in directories(of: Set(refs.map(refFile))) {
            try forEachRefFile(justIn: directory) { file, _ in
                guard found.count < named.count,
                    let ref = RefName(file.dropFirst(refPlace.path.count + 1)), isAllowed(ref),
                    let commit = try ifIntact({ try commitInRefFile(file) }) ?? nil, named.contains(commit)
                else { return }
                found.insert(commit)
            }
        }
        return found
    }

    /// Returns those of some commits that are ancestors of others, or among these, within a few hundred commits.
    package func ancestors(
        of commits: some Sequence<Checksum>, among named: Set<Checksum>
    ) throws -> Set<Checksum> {
        var (found, seen): (Set<Checksum>, Set<Checksum>) = ([], [])
        for commit in Set(commits) {
            var next: Checksum? = commit
            while let checksum = next, found.count < named.count, seen.count < Repository.ancestorLimit,
                seen.insert(checksum).inserted
            {
                if named.contains(checksum) { found.insert(checksum) }
                next = try ifIntact { try self.commit(checksum) }?.parent
            }
        }
        return found
    }

    /// The directories of files of refs, as many as commits are named of.
    private func directories(of files: Set<String>) -> [String] {
        var directories: [String] = []
        for file in files.sorted() where directories.count < SimilarCommits.limit {
            let directory = String(file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex))
            if directories.last != directory { directories.append(directory) }
        }
        return directories
    }

    private func recentRefFiles(in directory: String, except own: Set<String>) throws -> [String] {
        var found: [(time: Int, file: String)] = []
        try forEachRefFile(justIn: directory) { file, status in
            if !own.contains(file) { found.append((status.st_mtim.tv_sec, file)) }
        }
        found.sort { ($0.time, $0.file) > ($1.time, $1.file) }
        return found.prefix(Repository.besideCount).map(\.file)
    }

    /// Visits files of refs in a directory, and none below it, up to a limit.
    private func forEachRefFile(justIn directory: String, _ visit: (String, stat) throws -> Void) throws {
        guard let entries = try root.directoryIfPresent(directory) else { return }
        struct Enough: Error {}
        var count = 0
        do {
            try entries.forEachEntry { name in
                count += 1
                if count > Repository.besideLimit { throw Enough() }
                guard RefName.isPart(name.utf8), let status = try entries.status(of: name),
                    status.st_mode & S_IFMT == S_IFREG
                else { return }
                try visit("\(directory)/\(name)", status)
            }
        } catch is Enough {}
    }
}
