// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc

extension Expiry {
    /// A rule for the history of refs: the commits of it that stay.
    ///
    /// Of the rules of one kind, the last that applies to a ref counts. A commit stays if the rule of either kind keeps it. The
    /// commit that a ref points to always stays, and all history of a ref to which no rule applies.
    public struct HistoryRule: Sendable, Equatable {
        /// The commits that stay.
        public enum Limit: Sendable, Equatable {
            /// The newest commits, the ref's own included.
            case commits(Int)
            /// Commits made at this time or later, in seconds since 1970.
            case since(Int)
        }

        /// A shell-style pattern of the refs that the rule applies to, in which `*` also matches slashes; nil for all.
        public var pattern: String?
        /// The commits that stay.
        public var limit: Limit

        /// Creates a rule.
        public init(_ limit: Limit, for pattern: String? = nil) {
            (self.limit, self.pattern) = (limit, pattern)
        }

        fileprivate func applies(to ref: RefName) -> Bool {
            pattern.map { fnmatch($0, ref.text, 0) == 0 } ?? true
        }
    }
}

/// The rules for the history of all refs of a repository.
package struct HistoryRules {
    private let rules: [Expiry.HistoryRule]
    private let pins: Pins

    /// Creates rules from which pinned refs are exempt.
    package init(_ rules: [Expiry.HistoryRule], except pins: Pins) {
        (self.rules, self.pins) = (rules, pins)
    }

    /// The part of a ref's history that stays.
    package func kept(of ref: RefName) -> KeptHistory {
        var (commits, since): (Int?, Int?)
        for rule in rules where rule.applies(to: ref) {
            switch rule.limit {
            case .commits(let count): commits = count
            case .since(let time): since = time
            }
        }
        if commits == nil && since == nil || pins.contains(ref) { return .whole }
        return KeptHistory(commits: max(commits ?? 1, 1), since: since)
    }

    /// The part of the history that stays of a ref of any kind, by the path of its file. The rules are for refs below
    /// `refs/heads`.
    func kept(ofRefAt path: String) -> KeptHistory {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 2).map { String(Substring($0)) }
        guard parts.count == 3, parts[..<2] == ["refs", "heads"], let ref = RefName(parts[2]) else {
            return .whole
        }
        return kept(of: ref)
    }
}
