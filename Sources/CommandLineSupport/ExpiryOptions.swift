// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository

extension ByteCount: ExpressibleByArgument {}

/// Options for the limits that expiry keeps.
package struct ExpiryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Remove the least recently used artifacts until objects take at most this much disk space: 500M, 20G.",
            valueName: "size"))
    package var maxSize: ByteCount?

    @Option(help: ArgumentHelp("Remove them until this much of the file system is free.", valueName: "size"))
    package var minFree: ByteCount?

    @Option(
        help: ArgumentHelp(
            "Never remove refs that match; '*' also matches slashes. May be repeated.", valueName: "pattern"))
    package var keep: [String] = []

    /// Creates options without values.
    package init() {}

    /// The limits that the options set.
    package var limits: Expiry.Limits {
        var limits = Expiry.Limits()
        limits.maximumSize = maxSize?.value
        limits.minimumFree = minFree?.value
        limits.kept = keep
        return limits
    }
}
