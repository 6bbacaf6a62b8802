// SPDX-License-Identifier: Apache-2.0

/// A YAML document as a tree with line numbers.
///
/// An alias stays an alias until somebody asks what it stands for. So a document takes memory in proportion to
/// its file however its aliases multiply, and one that contains itself is harmless.
struct YAMLDocument: Sendable {
    /// The outermost node; nil for a file without content.
    var root: YAMLNode?
    /// The nodes with anchors, in the order of the file.
    var anchored: [YAMLNode] = []

    /// The node itself, or the one that it is an alias of.
    func resolved(_ node: YAMLNode) -> YAMLNode {
        guard case .alias(let index) = node.content, anchored.indices.contains(index) else { return node }
        return anchored[index]
    }
}

/// One value of a YAML document.
struct YAMLNode: Sendable {
    enum Content: Sendable {
        /// A scalar's text. A plain one stands without quotation marks: only such a one may be a null.
        case text(String, isPlain: Bool)
        case list([YAMLNode])
        case mapping([(key: YAMLNode, value: YAMLNode)])
        /// Stands for the document's anchored node of that index.
        case alias(Int)
    }

    let content: Content
    /// The line on which it begins, counted from 1.
    let line: Int

    /// Whether it is a value that was left out, or null in one of YAML's spellings.
    var isNull: Bool {
        guard case .text(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What it is, for "… is a list".
    var kind: String {
        switch content {
        case .text: isNull ? "empty" : "text"
        case .list: "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }
}

/// A mapping of which every key is text and stands once.
struct YAMLMapping {
    struct Entry {
        let key: String
        let line: Int
        let value: YAMLNode
    }

    /// The line on which the mapping begins.
    let line: Int
    /// In the order of the file, aliases among the values resolved.
    let entries: [Entry]

    /// Takes `node` for a mapping. `subject` is what it is, for messages: "the group 'artifacts'".
    init(_ node: YAMLNode, of subject: String, in document: YAMLDocument) throws(ConfigurationFault) {
        guard case .mapping(let pairs) = node.content else {
            throw ConfigurationFault(
                line: node.line, "\(subject) is \(node.kind) where a mapping belongs",
                remedy: "write KEY: VALUE lines there")
        }
        var lines: [String: Int] = [:]
        var entries: [Entry] = []
        for (keyNode, value) in pairs {
            guard case .text(let key, _) = document.resolved(keyNode).content else {
                throw ConfigurationFault(
                    line: keyNode.line, "a key of \(subject) is \(keyNode.kind) where text belongs",
                    remedy: "remove it")
            }
            if let earlier = lines.updateValue(keyNode.line, forKey: key) {
                throw ConfigurationFault(
                    line: keyNode.line,
                    "\(subject) has the key \(Quotation.quoted(key)) already on line \(earlier)",
                    remedy: "remove one of the two")
            }
            entries.append(Entry(key: key, line: keyNode.line, value: document.resolved(value)))
        }
        line = node.line
        self.entries = entries
    }

    /// The value of a key.
    subscript(key: String) -> YAMLNode? {
        entries.first { $0.key == key }?.value
    }
}
