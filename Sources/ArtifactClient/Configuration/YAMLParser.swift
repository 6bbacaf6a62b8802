// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CYAML

extension YAMLDocument {
    /// Reads one YAML document in UTF-8 with libyaml.
    ///
    /// Throws `ConfigurationError` with the line of the first mistake: syntax, encoding, an alias
    /// without an anchor, a second document, or nesting too deep to be meant.
    package init(parsing bytes: [UInt8]) throws(ConfigurationError) {
        self.init()
        if bytes.isEmpty { return }
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(ConfigurationError) in
            var parser = try YAMLParser(reading: buffer)
            return try parser.readDocument()
        }
    }
}

/// Builds a `YAMLDocument` from libyaml's events.
private struct YAMLParser: ~Copyable {
    /// Far more than a person nests, far less than would exhaust a thread's stack.
    private static let deepestNesting = 200

    private let source: UnsafeBufferPointer<UInt8>
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private var result = YAMLDocument()
    /// The index in `anchored` of each name; the latest wins.
    private var anchors: [String: Int] = [:]

    /// Starts to read bytes that must outlive the parser.
    init(reading source: UnsafeBufferPointer<UInt8>) throws(ConfigurationError) {
        self.source = source
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLParser.memoryError
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, source.baseAddress, source.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    private static var memoryError: ConfigurationError {
        ConfigurationError("there is no memory to read it", remedy: "free some and try again")
    }

    mutating func readDocument() throws(ConfigurationError) -> YAMLDocument {
        while true {
            let event = try next()
            switch event.type {
            case YAML_STREAM_END_EVENT:
                return result
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT, YAML_DOCUMENT_END_EVENT:
                continue
            default:
                guard result.root == nil else {
                    throw ConfigurationError(
                        line: event.line, "a second document begins here",
                        remedy: "remove it or the '---' before it")
                }
                result.root = try node(event, depth: 0)
            }
        }
    }

    private mutating func node(_ event: Event, depth: Int) throws(ConfigurationError) -> YAMLNode {
        guard depth < Self.deepestNesting else {
            throw ConfigurationError(
                line: event.line, "it is nested more than \(Self.deepestNesting) levels deep",
                remedy: "simplify it")
        }
        let line = event.line
        if event.type == YAML_ALIAS_EVENT {
            guard let name = event.anchor, let index = anchors[name] else {
                throw ConfigurationError(
                    line: line,
                    "the alias '\(("*" + (event.anchor ?? "")).forDisplay())' has no anchor before it",
                    remedy: "define it with '&' or put text that begins with '*' in quotation marks")
            }
            return YAMLNode(content: .alias(index), line: line)
        }

        // Taken before the content is read: the node may hold aliases of itself.
        var index: Int?
        if let name = event.anchor {
            index = result.anchored.count
            anchors[name] = result.anchored.count
            result.anchored.append(YAMLNode(content: .text("", isPlain: true), line: line))
        }
        let node = YAMLNode(content: try content(event, depth: depth), line: line)
        if let index { result.anchored[index] = node }
        return node
    }

    private mutating func content(_ event: Event, depth: Int) throws(ConfigurationError) -> YAMLNode.Content {
        guard event.type != YAML_SCALAR_EVENT else { return .text(event.text, isPlain: event.isPlain) }
        // Every other node is a list or a mapping, whose keys and values alternate.
        var nodes: [YAMLNode] = []
        while true {
            let part = try next()
            switch part.type {
            case YAML_SEQUENCE_END_EVENT:
                return .list(nodes)
            case YAML_MAPPING_END_EVENT:
                return .mapping(stride(from: 0, to: nodes.count, by: 2).map { (nodes[$0], nodes[$0 + 1]) })
            default:
                nodes.append(try node(part, depth: depth + 1))
            }
        }
    }
}

// MARK: Events

/// An event of libyaml, copied out of its memory.
private struct Event {
    let type: yaml_event_type_t
    /// The text of a scalar.
    let text: String
    /// Indicates that a scalar is neither quoted nor a block.
    let isPlain: Bool
    /// The name that an alias refers to, or that a node is given.
    let anchor: String?
    let line: Int

    init(_ event: borrowing yaml_event_t) {
        type = event.type
        line = Int(event.start_mark.line) + 1
        anchor = withUnsafePointer(to: event) { cyaml_anchor($0).map { String(cString: $0) } }
        guard type == YAML_SCALAR_EVENT else {
            (text, isPlain) = ("", false)
            return
        }
        (text, isPlain) = withUnsafePointer(to: event) { pointer in
            var length = 0
            let bytes = cyaml_scalar_bytes(pointer, &length)
            let text = String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
            return (text, cyaml_scalar_is_plain(pointer) != 0)
        }
    }
}

extension YAMLParser {
    private func next() throws(ConfigurationError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw fault() }
        defer { yaml_event_delete(&event) }
        return Event(event)
    }

    private func fault() -> ConfigurationError {
        if parser.pointee.error == YAML_READER_ERROR {
            // The reader works ahead of the marks: it gives a position in bytes instead.
            let line = 1 + source.prefix(parser.pointee.problem_offset).count { $0 == UInt8(ascii: "\n") }
            return ConfigurationError(
                line: line,
                "it is not text in UTF-8 without control characters (\(text(parser.pointee.problem)))",
                remedy: "save it as UTF-8")
        }
        if parser.pointee.error == YAML_MEMORY_ERROR { return YAMLParser.memoryError }
        let lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let lastLine = lines.count - (lines.last?.isEmpty == true ? 1 : 0)
        var line = Int(parser.pointee.problem_mark.line) + 1
        if line > lastLine, parser.pointee.context != nil {
            // Something is left open at the end of the file: where it begins says more.
            line = Int(parser.pointee.context_mark.line) + 1
        }
        line = min(line, max(lastLine, 1))
        if lines[line - 1].prefix(while: { " \t".utf8.contains($0) }).contains(UInt8(ascii: "\t")) {
            return ConfigurationError(
                line: line, "a tab indents this line, which YAML does not allow", remedy: "indent with spaces"
            )
        }
        let context = parser.pointee.context.map { String(cString: $0) + " " } ?? ""
        return ConfigurationError(
            line: line, "it is not well-formed YAML (\(context)\(text(parser.pointee.problem)))",
            remedy: "correct what stands there")
    }

    private func text(_ message: UnsafePointer<CChar>?) -> String {
        message.map { String(cString: $0) } ?? "no reason given"
    }
}
