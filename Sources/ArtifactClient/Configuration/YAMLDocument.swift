// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A YAML document as a tree with line numbers.
///
/// Aliases are resolved on access. So a document takes memory in proportion to its file however its aliases multiply,
/// and one that contains itself is harmless.
package struct YAMLDocument: Sendable {
    /// The outermost node; nil for a file without content.
    package var root: YAMLNode?
    var anchored: [YAMLNode] = []

    /// Returns the node itself, or the one that it is an alias of.
    package func resolved(_ node: YAMLNode) -> YAMLNode {
        guard case .alias(let index) = node.content, anchored.indices.contains(index) else { return node }
        return anchored[index]
    }
}

/// One value of a YAML document.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        /// A scalar's text. Only a plain one, which has no quotation marks, may be a null.
        case text(String, isPlain: Bool)
        case list([YAMLNode])
        case mapping([(key: YAMLNode, value: YAMLNode)])
        /// A reference to the document's anchored node of that index.
        case alias(Int)
    }

    package let content: Content
    /// The line on which it begins, counted from 1.
    package let line: Int

    /// True for a value that was left out, and for null in any of YAML's spellings.
    package var isNull: Bool {
        guard case .text(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The kind of node for a message, as in "… is a list".
    var kind: String {
        switch content {
        case .text: isNull ? "empty" : "text"
        case .list: "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }
}

/// A mapping whose keys are text and unique.
package struct YAMLMapping {
    package struct Entry {
        package let key: String
        package let line: Int
        package let value: YAMLNode
    }

    let line: Int
    /// In the order of the file, aliases among the values resolved.
    package let entries: [Entry]

    /// Reads `node` as a mapping. `subject` names it in messages: "the group 'artifacts'".
    package init(_ node: YAMLNode, of subject: String, in document: YAMLDocument) throws(ConfigurationError) {
        guard case .mapping(let pairs) = node.content else {
            throw ConfigurationError(
                line: node.line, "\(subject) is \(node.kind) where a mapping belongs",
                remedy: "write KEY: VALUE lines there")
        }
        var lines: [String: Int] = [:]
        var entries: [Entry] = []
        for (keyNode, value) in pairs {
            guard case .text(let key, _) = document.resolved(keyNode).content else {
                throw ConfigurationError(
                    line: keyNode.line, "a key of \(subject) is \(keyNode.kind) where text belongs",
                    remedy: "remove it")
            }
            if let earlier = lines.updateValue(keyNode.line, forKey: key) {
                throw ConfigurationError(
                    line: keyNode.line,
                    "\(subject) has the key '\(key.forDisplay())' already on line \(earlier)",
                    remedy: "remove one of the two")
            }
            entries.append(Entry(key: key, line: keyNode.line, value: document.resolved(value)))
        }
        line = node.line
        self.entries = entries
    }

    subscript(key: String) -> YAMLNode? {
        entries.first { $0.key == key }?.value
    }
}
