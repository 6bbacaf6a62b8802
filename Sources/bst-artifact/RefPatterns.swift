// SPDX-License-Identifier: Apache-2.0

import ArtifactBucket
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import Glibc

/// Refs given as full names or shell-style patterns.
enum RefPatterns {
    static func isPattern(_ word: String) -> Bool {
        word.contains { "*?[".contains($0) }
    }

    /// Returns true if a ref matches a pattern; `*` also matches slashes.
    static func matches(_ ref: RefName, _ pattern: String) -> Bool {
        fnmatch(pattern, ref.text, 0) == 0
    }

    /// Returns the commit given by a ref or a checksum.
    static func commit(_ word: String, in repository: Repository) throws -> Checksum {
        try Checksum(hex: word) ?? resolve([word], in: repository)[0].commit
    }

    /// Returns the commit given by a ref, by a ref of a remote or mirror as `ostree refs` shows it, or by a checksum.
    ///
    /// - Throws: `ClientError` with `unknownRef` if there is none.
    static func anyCommit(_ word: String, in repository: Repository) throws -> Checksum {
        if let commit = Checksum(hex: word) {
            if try repository.contains(ObjectName(commit, .commit)) { return commit }
        } else if let ref = RefName(word) {
            if let commit = try repository.commit(of: ref) { return commit }
        } else if let commit = try repository.foreignRefs().first(where: { $0.description == word })?.commit {
            return commit
        }
        throw ClientError(
            .unknownRef,
            "\(repository.path) has no ref or commit '\(word.forDisplay())': see what it has with "
                + "'ostree refs --repo=\(repository.path)'")
    }

    /// Returns true if a word is a commit, or a ref at a commit that is not the cache's.
    static func choosesCommit(_ word: String) -> Bool {
        Checksum(hex: word) != nil || pinned(word).commit != nil
    }

    /// Splits `REF@COMMIT` into the name of the ref and the commit; nil for a name without a commit.
    static func pinned(_ word: String) -> (name: String, commit: Checksum?) {
        guard let at = word.utf8.lastIndex(of: UInt8(ascii: "@")),
            let commit = Checksum(hex: String(word[word.utf8.index(after: at)...]))
        else { return (word, nil) }
        return (String(word[..<at]), commit)
    }

    /// Returns the refs of a repository that words stand for, each once, in the order of the words.
    ///
    /// - Throws: `ClientError` with `unknownRef` if a word stands for none.
    static func resolve(_ words: [String], in repository: Repository) throws -> [(
        ref: RefName, commit: Checksum
    )] {
        let all = words.contains(where: isPattern) ? try repository.refs() : RefList()
        var seen: Set<RefName> = []
        var result: [(ref: RefName, commit: Checksum)] = []
        for word in words {
            let found: [(ref: RefName, commit: Checksum)]
            if isPattern(word) {
                found = all.filter { matches($0.ref, word) }
            } else {
                let ref = try RefName(parsing: word)
                found = try repository.commit(of: ref).map { [(ref, $0)] } ?? []
            }
            guard !found.isEmpty else {
                throw try unknownRef(
                    word, in: repository, isPattern(word) ? [] : repository.refs().map(\.ref.text),
                    "ostree refs --repo=\(repository.path)")
            }
            result += found.filter { seen.insert($0.ref).inserted }
        }
        return result
    }

    /// Returns the refs of a bucket that words name.
    ///
    /// - Throws: `ClientError` with `unknownRef` if one is not there.
    static func names(_ words: [String], in store: BucketStore) throws -> [RefName] {
        try words.map { word in
            let ref = try RefName(parsing: word)
            guard try store.commit(of: ref) != nil else {
                throw try unknownRef(
                    word, in: store, store.refs().map(\.ref.text),
                    "bst-artifact list --remote \(store.location)")
            }
            return ref
        }
    }

    private static func unknownRef(
        _ word: String, in store: any ArtifactStore, _ names: [String], _ command: String
    ) -> ClientError {
        let remedy = Suggestions.remedy(for: word, among: names, or: "see what it has with '\(command)'")
        return ClientError(.unknownRef, "\(store.location) has no ref \(word): \(remedy)")
    }
}
