// SPDX-License-Identifier: Apache-2.0

import CGLib

/// Reads the small XML documents that stores answer with, by GLib's GMarkup.
enum XMLText {
    /// The state of one pass.
    private final class Reader {
        var path: [String] = []
        var texts: [[UInt8]] = []
        let visit: (_ path: [String], _ text: String) -> Void

        init(_ visit: @escaping (_ path: [String], _ text: String) -> Void) { self.visit = visit }
    }

    /// Far deeper than any answer of a store.
    private static let deepest = 32

    /// Visits each element at its end, with its path from the root and the text that stands directly in it.
    ///
    /// - Returns: false where the document is not well-formed, is not UTF-8 or is nested absurdly deep.
    static func read(_ bytes: [UInt8], visit: (_ path: [String], _ text: String) -> Void) -> Bool {
        withoutActuallyEscaping(visit) { visit in
            let reader = Reader(visit)
            var parser = GMarkupParser()
            parser.start_element = { _, name, _, _, context, error in
                guard let context, let name else { return }
                let reader = Unmanaged<Reader>.fromOpaque(context).takeUnretainedValue()
                if reader.path.count >= XMLText.deepest {
                    error?.pointee = g_error_new_literal(g_markup_error_quark(), 0, "nested too deep")
                    return
                }
                reader.path.append(String(cString: name))
                reader.texts.append([])
            }
            parser.end_element = { _, _, context, _ in
                guard let context else { return }
                let reader = Unmanaged<Reader>.fromOpaque(context).takeUnretainedValue()
                guard let text = reader.texts.popLast() else { return }
                reader.visit(reader.path, String(decoding: text, as: UTF8.self))
                reader.path.removeLast()
            }
            parser.text = { _, text, count, context, _ in
                guard let context, let text else { return }
                let reader = Unmanaged<Reader>.fromOpaque(context).takeUnretainedValue()
                guard !reader.texts.isEmpty else { return }
                reader.texts[reader.texts.count - 1] += UnsafeRawBufferPointer(start: text, count: Int(count))
            }
            return withExtendedLifetime(reader) {
                guard
                    let context = g_markup_parse_context_new(
                        &parser, GMarkupParseFlags(rawValue: G_MARKUP_TREAT_CDATA_AS_TEXT.rawValue),
                        Unmanaged.passUnretained(reader).toOpaque(), nil)
                else { return false }
                defer { g_markup_parse_context_free(context) }
                let isWellFormed = bytes.withUnsafeBytes { buffer in
                    buffer.withMemoryRebound(to: CChar.self) {
                        g_markup_parse_context_parse(context, $0.baseAddress, gssize($0.count), nil) != 0
                    }
                }
                return isWellFormed && g_markup_parse_context_end_parse(context, nil) != 0
            }
        }
    }

    /// Returns text in which no character has a meaning for XML.
    static func escape(_ text: String) -> String {
        guard let escaped = g_markup_escape_text(text, -1) else { return "" }
        defer { g_free(escaped) }
        return String(cString: escaped)
    }
}
