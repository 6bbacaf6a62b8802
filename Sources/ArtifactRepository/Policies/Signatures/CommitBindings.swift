// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// The refs and the collection that a commit is bound to: `ostree.ref-binding` (`as`) and `ostree.collection-binding`
/// (`s`) of its metadata, which its signatures cover.
public struct CommitBindings: Sendable, Equatable {
    /// The names of the refs; nil if the commit has no ref binding.
    public var refs: [String]?
    /// The collection; nil if the commit has no collection binding.
    public var collection: String?

    /// Reads the bindings of a commit object.
    init(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
        let metadata = try Commit.variant(bytes, name)[0]
        if let list = metadata.entry("ostree.ref-binding") {
            // A value of another type allows no ref.
            refs = list.typeString == "as" ? (0..<list.count).map { list[$0].string ?? "" } : []
        }
        if let text = metadata.entry("ostree.collection-binding") {
            collection = text.typeString == "s" ? text.string ?? "" : ""
        }
    }

    /// The requirements on bindings besides the ref's name, as of `ostree pull`.
    public struct Rule: Sendable, Equatable {
        /// The required collection; nil to allow any.
        public var collection: String?
        /// Requires commits to have bindings.
        public var isRequired: Bool

        /// Creates a rule.
        public init(collection: String? = nil, isRequired: Bool = false) {
            self.collection = collection
            self.isRequired = isRequired
        }

        /// The rule that libostree applies to a remote or repository with the given collection, if any.
        public static func strict(_ collection: String?) -> Rule {
            Rule(collection: collection, isRequired: collection != nil)
        }
    }

    /// Returns the reason why a ref may not point to the commit.
    ///
    /// - Parameters:
    ///   - ref: The name of the ref.
    ///   - rule: The requirements besides the ref's name.
    /// - Returns: The end of a sentence that begins with the commit; nil if the ref may point to it.
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
    /// Returns the reason why a ref may not point to a commit.
    ///
    /// - Parameters:
    ///   - commit: The commit.
    ///   - ref: The name of the ref.
    ///   - rule: The requirements besides the ref's name.
    /// - Returns: The end of a sentence that begins with the commit; nil if the ref may point to it, or the store lacks
    ///   the commit.
    public func bindingObjection(
        _ commit: Checksum, to ref: String, _ rule: CommitBindings.Rule
    ) throws -> String? {
        let name = ObjectName(commit, .commit)
        return try metadata(name)?.withUnsafeBytes { try CommitBindings($0, name) }.objection(to: ref, rule)
    }
}

extension Repository {
    /// The repository's collection; nil if its configuration has none.
    public var collection: String? { configuration.collection }

    /// The collection of a remote, as set by `ostree remote add --collection-id`; nil if it has none.
    public func collection(ofRemote name: String) -> String? {
        configuration.text("remote \"\(name)\"", "collection-id")
    }
}
