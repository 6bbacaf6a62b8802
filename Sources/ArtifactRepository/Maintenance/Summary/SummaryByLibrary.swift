// SPDX-License-Identifier: Apache-2.0

import COSTree
import SystemCalls
import Variants

/// A summary that libostree writes, beside the one that clients read.
///
/// libostree replaces a repository's summary and then removes its signature, so that clients would find none for as long
/// as signing takes. So it is given a directory in `tmp` with links to the parts of the repository that a summary tells
/// of, where it leaves its summary for `SummaryUpdate` to sign and to rename.
struct SummaryByLibrary {
    private static let directoryName = "summary-by-library"
    private static let parts = ["config", "objects", "refs", "deltas", "delta-indexes"]

    private let repository: Repository

    init(of repository: Repository) {
        self.repository = repository
    }

    /// Has libostree write the summary of what is there now.
    func write(to summary: TemporarySummary) throws {
        let temporary = summary.directory
        try temporary.removeTree(Self.directoryName)
        defer { try? temporary.removeTree(Self.directoryName) }
        try temporary.makeDirectory(Self.directoryName)
        let directory = try temporary.directory(Self.directoryName)
        for part in Self.parts where try repository.root.contains(part) {
            try directory.makeLink(part, target: "../../\(part)")
        }
        let library = try OSTreeLibrary.functions()
        let handle = try withGError("open repository \(directory.path)") { error in
            library.ostree_repo_open_at(directory.descriptor.number, ".", nil, error)
        }
        guard let handle else { throw RepositoryError(.library, "cannot open repository \(directory.path)") }
        defer { library.g_object_unref(UnsafeMutableRawPointer(handle)) }
        let additions = try repository.withSummaryMetadata {
            try Variant(parsing: SummaryMetadata.additions(to: repository, in: $0), as: "a{sv}")
        }
        try withExtendedLifetime(additions) {
            try repository.explainingDanglingAliases {
                _ = try withGError("update the summary of \(repository.path)") { error in
                    library.ostree_repo_regenerate_summary(handle, additions?.pointer, nil, error)
                }
            }
        }
        try directory.openFile("summary").sync()
        try directory.rename("summary", to: temporary, TemporarySummary.name)
    }
}
