// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import Glibc

/// Options for the history that expiry keeps.
struct HistoryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep this many commits of each ref, its own included, and remove older ones. PATTERN=N is for the refs that match, and the last that matches counts: 10, 'os/*=50', 'os/*=all'. May be repeated.",
            valueName: "[pattern=]n"))
    var keepCommits: [CommitCountRule] = []

    @Option(
        help: ArgumentHelp(
            "Keep the commits of each ref that are younger than this, and its own, likewise: 36h, 90d, 8w, 'os/*=1y'. Together with --keep-commits, what either keeps stays.",
            valueName: "[pattern=]age"))
    var keepYounger: [CommitAgeRule] = []

    /// The rules that the options set.
    var rules: [Expiry.HistoryRule] { keepCommits.map(\.rule) + keepYounger.map(\.rule) }
}

/// A number of commits, or all, for all refs or those that match a pattern.
struct CommitCountRule: ExpressibleByArgument {
    let rule: Expiry.HistoryRule

    init?(argument: String) {
        guard let (pattern, value) = argument.splitAtPattern() else { return nil }
        guard let count = value == "all" ? .max : Int(value), count > 0 else { return nil }
        rule = .init(.commits(count), for: pattern)
    }
}

/// An age, or all ages, for all refs or those that match a pattern.
struct CommitAgeRule: ExpressibleByArgument {
    let rule: Expiry.HistoryRule

    init?(argument: String) {
        guard let (pattern, value) = argument.splitAtPattern() else { return nil }
        guard let age = value == "all" ? .max : Age(argument: String(value))?.seconds, age > 0 else {
            return nil
        }
        rule = .init(.since(max(0, time(nil) - age)), for: pattern)
    }
}

extension String {
    /// Splits `PATTERN=VALUE`; the pattern is nil if there is none. A ref's name has no equals sign.
    ///
    /// - Returns: nil if the pattern is empty.
    fileprivate func splitAtPattern() -> (pattern: String?, value: Substring)? {
        guard let sign = lastIndex(of: "=") else { return (nil, self[...]) }
        guard sign > startIndex else { return nil }
        return (String(self[..<sign]), self[index(after: sign)...])
    }
}
