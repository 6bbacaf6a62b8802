// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The refs below `refs/heads`, as they were found.
public struct RefListing: Sendable {
    /// A ref that has no place among the others.
    public struct LeftOut: Sendable, Equatable {
        /// The ref's path below `refs/heads`.
        public var name: String
        /// The end of a sentence that begins with the ref: why it is left out, and what to do about it.
        public var reason: String
        /// The commit that it points to, if any.
        var commit: Checksum?
    }

    /// The refs, aliases among them, sorted.
    public var refs: [(ref: RefName, commit: Checksum)] = []
    /// Aliases, with the refs that they point to.
    public var aliases: [RefName: RefName] = [:]
    /// Files among the refs that libostree takes for refs, or fails on, and that cannot be listed.
    public var leftOut: [LeftOut] = []

    /// The ref that a name stands for in the end, which is itself unless it is an alias, and how many aliases lead there.
    func target(of ref: RefName) -> (ref: RefName, distance: Int) {
        var (current, distance) = (ref, 0)
        // A circle of aliases has no commit, but is not to hold anybody up.
        while let next = aliases[current], distance < 40 { (current, distance) = (next, distance + 1) }
        return (current, distance)
    }

    /// Orders refs that are to be removed: aliases before what they point to, so that none ever leads nowhere.
    func aliasesFirst(_ refs: [RefName]) -> [RefName] {
        refs.map { ($0, target(of: $0).distance) }.sorted { $0.1 > $1.1 }.map(\.0)
    }
}

extension Repository {
    /// Looks at all refs below `refs/heads`.
    ///
    /// An alias whose target is not there, on which libostree fails for the whole repository, is left out and the rest is listed.
    ///
    /// - Parameter onlyAliases: true to list only aliases, so that other refs need not be read.
    public func refListing(onlyAliases: Bool = false) throws -> RefListing {
        var scan = ListingScan(self)
        try forEachRefFile(below: "refs/heads") { file in
            if file.isAlias || !onlyAliases { try scan.visit(file) }
            return true
        }
        return scan.listing
    }
}

/// Sorts the files among the refs into refs, aliases, and files that are neither.
private struct ListingScan {
    private let repository: Repository
    private(set) var listing = RefListing()

    init(_ repository: Repository) { self.repository = repository }

    mutating func visit(_ file: RefFile) throws {
        let path = file.path.utf8.dropFirst("refs/heads/".utf8.count)
        // Other files are libostree's temporary ones, above all, which it does not list either.
        guard path.split(separator: UInt8(ascii: "/")).allSatisfy(RefName.isPart)
        else { return }
        try visitRef(String(Substring(path)), isAlias: file.isAlias)
    }

    private mutating func visitRef(_ path: String, isAlias: Bool) throws {
        guard let ref = RefName(path) else {
            return leaveOut(
                path, "its name is a commit's, or too long: give it another with 'ostree refs --create'",
                isAlias ? nil : try repository.commitInRefFile("refs/heads/\(path)"))
        }
        let target = isAlias ? try repository.aliasTarget(of: ref) : nil
        do {
            guard let commit = try repository.commit(of: ref) else {
                guard isAlias, try repository.isAlias(ref) else { return }
                return leaveOut(path, repository.danglingReason(ref, target))
            }
            listing.refs.append((ref, commit))
            if let target { listing.aliases[ref] = target }
        } catch let error as RepositoryError where error.code == .badObject {
            leaveOut(path, "it holds no commit: remove it with 'ostree refs --delete \(path)'")
        }
    }

    private mutating func leaveOut(_ name: String, _ reason: String, _ commit: Checksum? = nil) {
        listing.leftOut.append(.init(name: name, reason: reason, commit: commit))
    }
}
