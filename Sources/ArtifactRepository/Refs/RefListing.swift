// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The refs of a place, as they were found.
public struct RefListing: Sendable {
    /// A ref that has no place among the others.
    public struct LeftOut: Sendable, Equatable {
        /// The ref's path below its place.
        public var name: String
        /// The end of a sentence that begins with the ref: why it is left out, and what to do about it.
        public var reason: String
        /// The commit that it points to, if any.
        var commit: Checksum?
    }

    /// The refs, aliases among them, sorted.
    public var refs = RefList()
    /// Aliases, with the refs that they point to.
    public var aliases: [RefName: RefName] = [:]
    /// Files among the refs that libostree takes for refs, or fails on, and that cannot be listed.
    public var leftOut: [LeftOut] = []

    /// The ref that a name stands for in the end, which is itself unless it is an alias, and how many aliases lead there.
    func target(of ref: RefName) -> (ref: RefName, distance: Int) {
        var (current, distance) = (ref, 0)
        // Bounded, since aliases may form a circle.
        while let next = aliases[current], distance < 40 { (current, distance) = (next, distance + 1) }
        return (current, distance)
    }

    /// Orders refs that are to be removed: aliases before what they point to, so that none ever leads nowhere.
    func aliasesFirst(_ refs: [RefName]) -> [RefName] {
        refs.map { ($0, target(of: $0).distance) }.sorted { $0.1 > $1.1 }.map(\.0)
    }
}

extension Repository {
    /// Lists all refs in the place.
    ///
    /// An alias whose target is not there, on which libostree fails for the whole repository, is left out and the rest is listed.
    ///
    /// - Parameter onlyAliases: true to list only aliases, so that other refs need not be read.
    public func refListing(onlyAliases: Bool = false) throws -> RefListing {
        var listing = RefListing()
        listing.leftOut = try forEachRef(onlyAliases: onlyAliases) { ref, commit, target in
            listing.refs.append(ref, commit)
            if let target { listing.aliases[ref] = target }
        }
        return listing
    }

    /// Visits the refs in the place in the order of their names, with their commits and, of aliases, what they point to.
    ///
    /// - Parameter onlyAliases: true to visit only aliases, so that other refs need not be read.
    /// - Returns: what cannot be listed.
    func forEachRef(
        onlyAliases: Bool = false, _ visit: (RefName, Checksum, RefName?) throws -> Void
    ) throws -> [RefListing.LeftOut] {
        var leftOut: [RefListing.LeftOut] = []
        try forEachRefFile(below: refPlace.path) { file in
            let path = file.path.utf8.dropFirst(refPlace.path.utf8.count + 1)
            // Other files are libostree's temporary ones, above all, which it does not list either.
            let isListed = path.split(separator: UInt8(ascii: "/")).allSatisfy(RefName.isPart)
            guard isListed, file.isAlias || !onlyAliases else { return true }
            switch try look(atRef: String(Substring(path)), isAlias: file.isAlias) {
            case .ref(let ref, let commit, let target): try visit(ref, commit, target)
            case .leftOut(let file): leftOut.append(file)
            case nil: break
            }
            return true
        }
        return leftOut
    }

    private enum FoundRef {
        case ref(RefName, Checksum, target: RefName?)
        case leftOut(RefListing.LeftOut)
    }

    /// Returns the ref in a file among the refs, which may also be none; nil if it has gone meanwhile.
    private func look(atRef path: String, isAlias: Bool) throws -> FoundRef? {
        func leftOut(_ reason: String, _ commit: Checksum? = nil) -> FoundRef {
            .leftOut(.init(name: path, reason: reason, commit: commit))
        }
        guard let ref = RefName(path) else {
            let commit = isAlias ? nil : try ifIntact { try commitInRefFile("\(refPlace.path)/\(path)") }
            return leftOut(
                "its name is a commit's, or too long: give it another with 'ostree refs --create'",
                commit ?? nil)
        }
        let target = isAlias ? try aliasTarget(of: ref) : nil
        do {
            if let commit = try commit(of: ref) { return .ref(ref, commit, target: target) }
            return try isAlias && self.isAlias(ref) ? leftOut(danglingReason(ref, target)) : nil
        } catch let error as RepositoryError where error.code == .badObject {
            return leftOut("it holds no commit: remove it with 'ostree refs --delete \(path)'")
        }
    }
}
