// SPDX-License-Identifier: Apache-2.0

/// The ancestors that a push sends although they lie behind commits that the remote has.
public enum HistoryFilling: Sendable {
    /// None.
    case never
    /// Those that the remote misses: not what it has had and lost since, which its owner cut. Where the remote refuses
    /// them, the push goes on without.
    case missed
    /// All that the remote lacks, but for what its own expiry cut.
    case all
}
