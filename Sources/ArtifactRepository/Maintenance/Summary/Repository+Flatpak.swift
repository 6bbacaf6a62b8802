// SPDX-License-Identifier: Apache-2.0

import SystemCalls
import Variants

extension Repository {
    /// Returns true if flatpak's clients install from this repository: it has flatpak's index or settings, keys of flatpak
    /// in the summary, or refs of applications or runtimes.
    public func isFlatpakRepository() throws -> Bool {
        try root.contains("summary.idx")
            || configuration.hasGroup("flatpak")
            || hasFlatpakRef() || hasFlatpakSummary()
    }

    /// Returns true if there is a ref `app/ID/ARCH/BRANCH` or `runtime/ID/ARCH/BRANCH`.
    private func hasFlatpakRef() throws -> Bool {
        try ["app", "runtime"].contains { kind in
            guard let directory = try root.directoryIfPresent("refs/heads/\(kind)") else { return false }
            return try directory.entries().contains { identifier in
                guard Repository.isFlatpakIdentifier(identifier),
                    let architectures = try directory.directoryIfPresent(identifier)
                else { return false }
                return try architectures.entries().contains {
                    try architectures.directoryIfPresent($0)?.isEmpty() == false
                }
            }
        }
    }

    /// Returns true for reversed domain names such as `org.example.App`, of at least three parts. By them flatpak's refs
    /// differ from those of a BuildStream project that is called `app`.
    private static func isFlatpakIdentifier(_ name: String) -> Bool {
        name.split(separator: ".", omittingEmptySubsequences: false).count >= 3 && !name.hasPrefix(".")
    }

    private func hasFlatpakSummary() throws -> Bool {
        try withSummaryMetadata { bytes in
            guard let metadata = try? Variant(parsing: bytes, as: "a{sv}") else { return false }
            return (0..<metadata.count).contains { metadata[$0][0].string?.hasPrefix("xa.") == true }
        } ?? false
    }

    /// Removes flatpak's index, which its clients read first, so that they read the summary.
    ///
    /// The files in `summaries` are named by their content and unused without the index; flatpak removes old ones.
    func removeFlatpakIndex() throws {
        // In this order, since an index without its signature is refused.
        for name in ["summary.idx", "summary.idx.sig"] { try root.remove(name) }
    }
}
