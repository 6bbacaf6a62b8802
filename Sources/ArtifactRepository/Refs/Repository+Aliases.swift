// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Aliases: refs whose files are symbolic links to other refs, as `ostree refs --alias --create` makes them.
extension Repository {
    /// Tells whether a ref is an alias, also one that leads nowhere.
    func isAlias(_ ref: RefName) throws -> Bool {
        try root.status(of: "refs/heads/\(ref)").map { $0.st_mode & S_IFMT } == S_IFLNK
    }

    /// The ref that an alias points to, which need not be there; nil for a ref that is no alias, and for an alias of
    /// something outside of `refs/heads`.
    func aliasTarget(of ref: RefName) throws -> RefName? {
        guard let link = try aliasLink(of: ref) else { return nil }
        // The link counts from the alias' own directory.
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
        return try root.linkTarget("refs/heads/\(ref)")
    }

    /// Why an alias leads nowhere, and what to do about it.
    func danglingReason(_ alias: RefName, _ target: RefName?) -> String {
        let target = target.map { "ref \($0)" } ?? "something outside of refs/heads"
        return
            "it is an alias of \(target), which is not there, and libostree fails on the whole repository because of it: "
            + "remove the link \(path)/refs/heads/\(alias), or push \(target)"
    }

    /// Looks whether one of the refs that are to move is an alias: it would become a ref of its own.
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

    /// Looks whether refs can be removed: an alias must not stay without its target.
    ///
    /// - Parameter aliases: the listing of the aliases that there are.
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
