// SPDX-License-Identifier: Apache-2.0

/// One artifact cache of the configuration: where it is pulled from and where it is pushed to.
public struct CacheSpecification: Hashable, Sendable {
    /// Where artifacts come from; nil for a cache that is only pushed to. An ssh address means that the
    /// receiver there is asked for the URL.
    public let pull: RemoteAddress?
    /// Where artifacts go to, an ssh address or a local directory; nil for a cache that is only pulled from.
    public let push: RemoteAddress?
    /// The line of the configuration on which it begins, counted from 1.
    public let line: Int

    /// A cache that is pulled from, pushed to, or both.
    public init(pull: RemoteAddress?, push: RemoteAddress?, line: Int) {
        self.pull = pull
        self.push = push
        self.line = line
    }

    /// Whether both mean the same addresses, wherever they are written.
    func isSameCache(as other: CacheSpecification) -> Bool {
        pull == other.pull && push == other.push
    }
}
