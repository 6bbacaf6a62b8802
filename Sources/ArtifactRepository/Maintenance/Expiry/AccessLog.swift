// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import TextCoding

/// A parser of web server access logs in the common or combined format, for the times at which artifacts were pulled.
///
/// A client requests a ref by name (`…/refs/heads/REF`), or takes its commit from the summary and requests that
/// (`…/objects/XX/YY….commit`). The requests in a log are untrusted input.
public struct AccessLog {
    /// The subject of a pull.
    public enum Use: Hashable, Sendable {
        /// A ref by its name.
        case ref(RefName)
        /// A commit.
        case commit(Checksum)
    }

    /// Parses one line.
    ///
    /// - Returns: The ref or commit that was pulled and the time in seconds since 1970; nil if the line records no
    ///   pull.
    public static func use(in line: Substring) -> (use: Use, time: Int)? {
        // host, identity, user [time] "request" status size "referrer" "agent"
        let quoted = line.utf8.split(
            separator: UInt8(ascii: "\""), maxSplits: 2, omittingEmptySubsequences: false
        ).map { Substring($0) }
        guard quoted.count == 3, quoted[0].hasSuffix("] "),
            // The last bracket: a user's name may contain others.
            let open = quoted[0].lastIndex(of: "["),
            let time = CalendarTime.seconds(in: quoted[0][open...].dropLast(), "[%d/%b/%Y:%H:%M:%S %z]"),
            let status = quoted[2].split(separator: " ").first, ["200", "206", "304"].contains(status)
        else { return nil }
        let request = quoted[1].split(separator: " ")
        guard request.count >= 2, request[0] == "GET", let use = use(of: request[1]) else { return nil }
        return (use, time)
    }

    private static func use(of target: Substring) -> Use? {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if let start = index(after: ["refs", "heads"], in: parts) {
            let name = PercentEncoding.decode(parts[start...].joined(separator: "/").utf8)
            return name.flatMap { RefName(String(decoding: $0, as: UTF8.self)) }.map { .ref($0) }
        }
        guard path.hasSuffix(".commit"), let start = index(after: ["objects"], in: parts),
            parts.count == start + 2
        else { return nil }
        return Checksum(hex: parts[start] + parts[start + 1].dropLast(".commit".count)).map { .commit($0) }
    }

    /// The index of the first part after the last occurrence of `directories` in a path; nil if it does not contain
    /// them.
    private static func index(after directories: [Substring], in parts: [Substring]) -> Int? {
        parts.indices.last { end in
            end > directories.count && parts[..<end].suffix(directories.count).elementsEqual(directories)
        }
    }
}
