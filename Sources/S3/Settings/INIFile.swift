// SPDX-License-Identifier: Apache-2.0

/// A file of settings in the form of the AWS tools.
///
/// Settings that are indented below one without a value are nested: they are called `outer.inner`.
struct INIFile: Sendable {
    /// The settings of each section by their lower-case names.
    private(set) var sections: [String: [String: String]] = [:]

    /// Parses a file. Lines that mean nothing are skipped, as the AWS tools do.
    init(_ text: String) {
        var section: String?
        var outer: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.trimmed
            guard let first = content.first, first != "#", first != ";" else { continue }
            if first == "[" {
                section = content.firstIndex(of: "]").map {
                    INIFile.name(ofSection: content[..<$0].dropFirst())
                }
                outer = nil
                section.map { sections[$0] = sections[$0] ?? [:] }
                continue
            }
            guard let section, let equals = content.firstIndex(of: "=") else { continue }
            let isNested = line.first?.isWhitespace == true
            let key = content[..<equals].trimmed.lowercased()
            let value = INIFile.withoutComment(content[content.index(after: equals)...].trimmed)
            if isNested, let outer {
                sections[section]?["\(outer).\(key)"] = value
            } else {
                sections[section]?[key] = value
                outer = value.isEmpty ? key : nil
            }
        }
    }

    /// The name of a section with single spaces and without quotation marks.
    private static func name(ofSection text: Substring) -> String {
        text.split(whereSeparator: \.isWhitespace).map { $0.filter { $0 != "\"" && $0 != "'" } }.joined(
            separator: " ")
    }

    /// A comment at the end of a line has a space before it.
    private static func withoutComment(_ value: Substring) -> String {
        var previous: Character = "x"
        for index in value.indices {
            if (value[index] == "#" || value[index] == ";") && previous.isWhitespace {
                return String(value[..<index].trimmed)
            }
            previous = value[index]
        }
        return String(value)
    }
}

extension Substring {
    /// The text without white space at its ends.
    var trimmed: Substring {
        var result = drop(while: \.isWhitespace)
        while result.last?.isWhitespace == true { result.removeLast() }
        return result
    }
}
