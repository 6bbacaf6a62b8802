// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls
import TextCoding

/// The expiry of a web server's certificate, as the program `openssl` reports it.
struct ServerCertificate {
    /// The time of its expiry, in seconds since 1970.
    private let end: Int

    /// Whole days until it expires; negative afterwards.
    var daysLeft: Int {
        let seconds = end - time(nil)
        return seconds < 0 ? -1 : seconds / 86_400
    }

    /// Connects to the server of a URL; nil without `openssl`, without HTTPS, or if the server does not answer.
    init?(of url: String) {
        guard url.hasPrefix("https://"), Shell.path(of: "openssl") != nil else { return nil }
        let authority = url.dropFirst("https://".count).prefix { $0 != "/" }
        let place = authority.split(separator: "@").last.map(String.init) ?? ""
        // A trailing ']' ends an IPv6 address without a port.
        let hasPort = place.last != "]" && place.contains(":")
        let host = hasPort ? String(place[..<(place.lastIndex(of: ":") ?? place.endIndex)]) : place
        guard !host.isEmpty, !host.hasPrefix("-") else { return nil }
        let script =
            "timeout 15 openssl s_client -connect \"$1\" -servername \"$2\" </dev/null 2>/dev/null"
            + " | openssl x509 -noout -enddate -dateopt iso_8601"
        guard
            let output = try? Shell.run([
                "/bin/sh", "-c", script, "sh", hasPort ? place : "\(place):443", host,
            ]), let end = CalendarTime.seconds(in: output, "notAfter=%Y-%m-%d %H:%M:%SZ ")
        else { return nil }
        self.end = end
    }
}
