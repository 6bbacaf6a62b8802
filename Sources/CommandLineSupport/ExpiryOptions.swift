// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository

extension ByteCount: ExpressibleByArgument {}

/// Options for the limits that expiry keeps.
package struct ExpiryOptions: ParsableArguments {
    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp(
            "Remove the least recently used artifacts until objects take at most this much disk space: 500M, 20G.",
            valueName: "size"))
    package var maximumSize: ByteCount?

    @Option(
        name: .customLong("min-free"),
        help: ArgumentHelp(
            "Remove them until at least this much of the file system is free.", valueName: "size"))
    package var minimumFree: ByteCount?

    @Option(
        name: .customLong("keep"),
        help: ArgumentHelp(
            "Never remove refs that match; '*' also matches slashes. May be repeated.", valueName: "pattern"))
    package var kept: [String] = []

    /// Creates options without values.
    package init() {}

    /// The limits that the options set.
    package var limits: Expiry.Limits {
        var limits = Expiry.Limits()
        limits.maximumSize = maximumSize?.value
        limits.minimumFree = minimumFree?.value
        limits.kept = kept
        return limits
    }
}
