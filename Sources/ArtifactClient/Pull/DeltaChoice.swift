// SPDX-License-Identifier: Apache-2.0

/// The use of static deltas in a pull.
public enum DeltaChoice: String, Sendable, CaseIterable {
    /// Uses one where the remote has it and it takes fewer bytes than single objects, which are fetched if it is broken.
    case auto
    /// Fetches single objects only.
    case never
    /// Fails where there is none for a commit, or one is broken.
    case always
}
