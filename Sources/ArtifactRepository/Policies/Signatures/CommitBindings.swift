// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Variants

/// The refs and the collection that a commit says it belongs to: `ostree.ref-binding` (`as`) and
/// `ostree.collection-binding` (`s`) of its metadata, which its signatures cover.
public struct CommitBindings: Sendable, Equatable {
    /// The names of the refs; nil where the commit does not say.
    public var refs: [String]?
    /// The collection; nil where the commit does not say.
    public var collection: String?

    /// Reads the bindings out of a commit object.
    init(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
        let metadata = try Commit.variant(bytes, name)[0]
        if let list = metadata.entry("ostree.ref-binding") {
            // What is no list of names allows no name.
            refs = list.typeString == "as" ? (0..<list.count).map { list[$0].string ?? "" } : []
        }
        if let text = metadata.entry("ostree.collection-binding") {
            collection = text.typeString == "s" ? text.string ?? "" : ""
        }
    }

    /// The ref and collection that bindings must fit, as `ostree pull` demands it.
    public struct Rule: Sendable, Equatable {
        /// The collection; nil where none is known, and any will do.
        public var collection: String?
        /// Requires commits to have bindings.
        public var isRequired: Bool

        /// Describes what bindings must fit.
        public init(collection: String? = nil, isRequired: Bool = false) {
            self.collection = collection
            self.isRequired = isRequired
        }

        /// The demands of libostree on a remote, or repository, whose collection is known or not.
        public static func strict(_ collection: String?) -> Rule {
            Rule(collection: collection, isRequired: collection != nil)
        }
    }

    /// Tells why a ref may not point to the commit; nil where it may.
    ///
    /// - Parameters:
    ///   - ref: the name of the ref.
    ///   - rule: what the bindings must fit in addition.
    /// - Returns: the end of a sentence that begins with the commit.
    public func objection(to ref: String, _ rule: Rule) -> String? {
        if let refs {
            guard refs.contains(where: { $0.utf8.elementsEqual(ref.utf8) }) else {
                let bound = refs.prefix(8).map { "'\($0.forDisplay())'" }.joined(separator: ", ")
                return
                    "it was made for \(refs.isEmpty ? "no ref" : "ref \(bound)") and not for \(ref.forDisplay()), as its "
                    + "metadata (ostree.ref-binding) say: have it committed for that ref, too"
            }
        } else if rule.isRequired {
            return
                "its metadata do not say which refs it was made for (ostree.ref-binding): have it committed without "
                + "--no-bindings"
        }
        guard let expected = rule.collection else { return nil }
        if let collection {
            guard collection.utf8.elementsEqual(expected.utf8) else {
                return
                    "it was made for collection '\(collection.forDisplay())' and not for '\(expected.forDisplay())', as "
                    + "its metadata (ostree.collection-binding) say: have it committed for that collection"
            }
        } else if rule.isRequired {
            return
                "its metadata do not say which collection it was made for (ostree.collection-binding): have it committed "
                + "in a repository of that collection"
        }
        return nil
    }
}

extension ArtifactStore {
    /// Tells why a ref may not point to a commit that is here; nil where it may, and where the commit is not here.
    ///
    /// - Parameters:
    ///   - commit: the commit.
    ///   - ref: the name of the ref.
    ///   - rule: what the commit's bindings must fit in addition.
    public func bindingObjection(
        _ commit: Checksum, to ref: String, _ rule: CommitBindings.Rule
    ) throws -> String? {
        let name = ObjectName(commit, .commit)
        return try metadata(name)?.withUnsafeBytes { try CommitBindings($0, name) }.objection(to: ref, rule)
    }
}

extension Repository {
    /// The collection that the repository holds; nil where its configuration names none.
    public var collection: String? {
        ostree_repo_get_collection_id(handle).map { String(cString: $0) }
    }

    /// The collection of a remote that `ostree remote add --collection-id` has recorded; nil where there is none.
    public func collection(ofRemote name: String) -> String? {
        let value = g_key_file_get_string(
            ostree_repo_get_config(handle), "remote \"\(name)\"", "collection-id", nil)
        guard let value else { return nil }
        defer { g_free(value) }
        return String(cString: value)
    }
}
