// SPDX-License-Identifier: Apache-2.0

/// A report on a summary that was written.
public struct SummaryReport: Sendable {
    /// The number of refs in it; nil if libostree or flatpak wrote it.
    public var refs: Int?
    /// Its size in bytes.
    public var size: Int
    /// The number of refs that were read rather than copied from the previous summary; nil if libostree or flatpak wrote
    /// it.
    public var readRefs: Int?
    /// Refs that are not in it, since they hold no commit or one that the repository lacks.
    public var leftOut: [String] = []
    /// The reason why flatpak's metadata was not made; nil if it was, or if this is no flatpak repository.
    public var flatpakWarning: String?

    /// Creates a report on a summary of which only the size is known.
    public init(size: Int) { self.size = size }

    /// The size in bytes up to which every client reads a summary: libostree's limit for metadata.
    public static let largestReadable = 10 * 1024 * 1024
    /// The size in bytes above which there is a warning.
    public static let largeSize = 8 * 1024 * 1024

    /// Sentences about flatpak's metadata, a large summary and refs that are not in it.
    public var warnings: [String] {
        var warnings = [flatpakWarning].compactMap(\.self)
        if size > SummaryReport.largeSize {
            warnings.append(
                "the summary has \(size) bytes, and libostree reads no more than \(SummaryReport.largestReadable): divide "
                    + "the cache, for instance by project, or let clients name refs in full, which takes no summary"
            )
        }
        if let first = leftOut.first {
            warnings.append(
                "\(leftOut.count) refs are not in the summary, \(first) for instance, since they hold no commit that is here: "
                    + "push them again, or remove them with 'ostree refs --delete'")
        }
        return warnings
    }
}
