// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension Repository {
    /// The most files of a directory of refs that are looked at.
    private static let besideLimit = 1000
    /// The most commits that are named for one directory.
    private static let besideCount = 8

    /// The commits of other refs in the directories of refs, which their commits are likely to resemble: a cache keeps the artifacts of
    /// an element beside each other.
    ///
    /// - Returns: whole commits, at most `SimilarCommits.limit`; of each directory those whose refs were written or used last.
    package func commits(beside refs: some Sequence<RefName>) throws -> [Checksum] {
        var directories: [String] = []
        let own = Set(refs.map(refFile))
        for file in own.sorted() where directories.count < SimilarCommits.limit {
            let directory = String(file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex))
            if directories.last != directory { directories.append(directory) }
        }
        var commits: [Checksum] = []
        for directory in directories {
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

    private func recentRefFiles(in directory: String, except own: Set<String>) throws -> [String] {
        guard let entries = try root.directoryIfPresent(directory) else { return [] }
        struct Enough: Error {}
        var found: [(time: Int, file: String)] = []
        var count = 0
        do {
            try entries.forEachEntry { name in
                count += 1
                if count > Repository.besideLimit { throw Enough() }
                let file = "\(directory)/\(name)"
                guard !own.contains(file), RefName.isPart(name.utf8),
                    let status = try entries.status(of: name),
                    status.st_mode & S_IFMT == S_IFREG
                else { return }
                found.append((status.st_mtim.tv_sec, file))
            }
        } catch is Enough {}
        found.sort { ($0.time, $0.file) > ($1.time, $1.file) }
        return found.prefix(Repository.besideCount).map(\.file)
    }
}
