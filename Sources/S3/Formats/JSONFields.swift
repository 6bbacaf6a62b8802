// SPDX-License-Identifier: Apache-2.0

import CYAML

/// The fields of a flat JSON object, read by libyaml, since JSON of this kind is YAML as well.
enum JSONFields {
    /// Returns the texts and numbers of the outermost object; nil where the bytes are no such object.
    ///
    /// Values that are themselves objects or lists are left out.
    static func read(_ bytes: [UInt8]) -> [String: String]? {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { return nil }
        defer { yaml_parser_delete(&parser) }
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
        return bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            var fields: [String: String] = [:]
            var depth = 0
            var name: String?
            while true {
                var event = yaml_event_t()
                guard yaml_parser_parse(&parser, &event) == 1 else { return nil }
                defer { yaml_event_delete(&event) }
                switch event.type {
                case YAML_STREAM_END_EVENT:
                    return depth == 0 && !isEmpty(bytes) ? fields : nil
                case YAML_MAPPING_START_EVENT, YAML_SEQUENCE_START_EVENT:
                    guard depth > 0 || event.type == YAML_MAPPING_START_EVENT else { return nil }
                    depth += 1
                case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
                    depth -= 1
                    if depth == 1 { name = nil }
                case YAML_SCALAR_EVENT:
                    guard depth > 0 else { return nil }
                    guard depth == 1 else { continue }
                    let text = text(of: &event)
                    if let key = name {
                        fields[key] = text
                        name = nil
                    } else {
                        name = text
                    }
                default:
                    continue
                }
            }
        }
    }

    private static func isEmpty(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 <= 0x20 } }

    private static func text(of event: UnsafePointer<yaml_event_t>) -> String {
        var count = 0
        let bytes = cyaml_scalar_bytes(event, &count)
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
