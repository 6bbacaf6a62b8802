// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Aliases: refs whose files are symbolic links to other refs, as `ostree refs --alias --create` makes them.
extension Repository {
    /// Returns true if a ref is an alias, even one whose target does not exist.
    func isAlias(_ ref: RefName) throws -> Bool {
        try root.status(of: refFile(ref)).map { $0.st_mode & S_IFMT } == S_IFLNK
    }

    /// The target of an alias, which need not exist; nil for a ref that is no alias, and for an alias of something outside
    /// its place.
    func aliasTarget(of ref: RefName) throws -> RefName? {
        guard let link = try aliasLink(of: ref) else { return nil }
        // The target of the link is relative to the alias' own directory.
        var parts = ref.text.utf8.split(separator: UInt8(ascii: "/")).dropLast().map(Array.init)
        for part in link.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            switch part.elementsEqual("..".utf8) {
            case true where parts.isEmpty: return nil
            case true: parts.removeLast()
            default: parts.append(Array(part))
            }
        }
        return RefName(String(decoding: Array(parts.joined(separator: [UInt8(ascii: "/")])), as: UTF8.self))
    }

    /// The text of an alias' link; nil for a ref that is no alias.
    func aliasLink(of ref: RefName) throws -> [UInt8]? {
        guard try isAlias(ref) else { return nil }
        return try root.linkTarget(refFile(ref))
    }

    /// The end of a sentence that begins with a dangling alias: the reason and the remedy.
    func danglingReason(_ alias: RefName, _ target: RefName?) -> String {
        let target = target.map { "ref \($0)" } ?? "something outside of \(refPlace.path)"
        return
            "it is an alias of \(target), which is not there, and libostree fails on the whole repository because of it: "
            + "remove the link \(path)/\(refFile(alias)), or push \(target)"
    }

    /// Refuses to move an alias, which would replace the link by a ref of its own.
    func checkAliases(_ edits: [RefEdit]) throws {
        for edit in edits where edit.previous != .any {
            guard try isAlias(edit.ref), try commit(of: edit.ref) != edit.new else { continue }
            let target = try aliasTarget(of: edit.ref)
            throw RepositoryError(
                .conflict,
                "ref \(edit.ref) is not moved, since it is an alias"
                    + (target.map { " of \($0): push to \($0), which moves both" }
                        ?? " of something else: ask the cache's administrator"))
        }
    }

    /// Refuses to remove the target of an alias that stays.
    ///
    /// - Parameter aliases: a listing with all aliases.
    func checkAliases(deleting refs: [RefName], _ aliases: RefListing) throws {
        let gone = Set(refs)
        for (alias, target) in aliases.aliases.sorted(by: { $0.key < $1.key })
        where gone.contains(target) && !gone.contains(alias) {
            throw RepositoryError(
                .notAllowed,
                "ref \(target) is not deleted, since \(alias) is an alias of it: delete \(alias) first, or both together"
            )
        }
    }

    /// Runs `body`, in which libostree lists refs, and names the alias that makes it fail.
    func explainingDanglingAliases(_ body: () throws -> Void) throws {
        do { try body() } catch let error as RepositoryError where error.code == .library {
            guard let alias = try refListing(onlyAliases: true).leftOut.first else { throw error }
            throw RepositoryError(.library, "\(error), because of ref \(alias.name): \(alias.reason)")
        }
    }
}
