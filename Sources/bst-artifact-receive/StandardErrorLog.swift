// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Logging
import SystemCalls

/// Writes each log message to standard error as one line. Clients show the lines to their users, so they are short, begin
/// with the program's name, and have no unprintable characters.
struct StandardErrorLog: LogHandler {
    var logLevel = Logger.Level.warning
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let values = metadata.merging(event.metadata ?? [:]) { $1 }
        let details = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        let prefix = event.level >= .warning ? "\(event.level): " : ""
        let text = "\(prefix)\(event.message)\(details.isEmpty ? "" : " (\(details))")"
        let line = "bst-artifact-receive: \(text.forDisplay(limit: .max))\n"
        // A failure could not be reported anywhere.
        try? Descriptor.standardError.writeAll(Array(line.utf8))
    }
}
