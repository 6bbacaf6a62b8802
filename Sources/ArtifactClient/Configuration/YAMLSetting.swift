// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// One setting of a configuration file, with its place for messages.
package struct YAMLSetting {
    package let document: YAMLDocument
    package let entry: YAMLMapping.Entry

    package init(_ entry: YAMLMapping.Entry, in document: YAMLDocument) {
        (self.entry, self.document) = (entry, document)
    }

    /// A text; nil for none.
    package func text() throws(ConfigurationError) -> String? {
        if entry.value.isNull { return nil }
        guard case .text(let text, _) = entry.value.content else { throw mistake("a text") }
        return text.isEmpty ? nil : text
    }

    /// A Boolean value in YAML's spellings; nil for none.
    package func flag() throws(ConfigurationError) -> Bool? {
        if entry.value.isNull { return nil }
        guard case .text(let text, _) = entry.value.content else { throw mistake("yes or no") }
        switch text.lowercased() {
        case "yes", "true", "on", "y": return true
        case "no", "false", "off", "n": return false
        default: throw mistake("yes or no")
        }
    }

    /// A list of texts; nil for none.
    package func list() throws(ConfigurationError) -> [String]? {
        if entry.value.isNull { return nil }
        var texts: [String] = []
        for node in try nodes() {
            guard case .text(let text, _) = node.content else { throw mistake("a list of texts") }
            texts.append(text)
        }
        return texts
    }

    /// The elements of a list.
    package func nodes() throws(ConfigurationError) -> [YAMLNode] {
        guard case .list(let nodes) = entry.value.content else { throw mistake("a list") }
        return nodes.map(document.resolved)
    }

    private func mistake(_ wanted: String) -> ConfigurationError {
        ConfigurationError(
            line: entry.line, "'\(entry.key.forDisplay())' is not \(wanted)", remedy: "correct it")
    }
}
