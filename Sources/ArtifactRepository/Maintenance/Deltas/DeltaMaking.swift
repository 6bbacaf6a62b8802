// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls

/// The outcome of making static deltas.
package struct DeltaReport: Sendable {
    /// The deltas that were made.
    package var made: [DeltaName] = []
    /// The deltas that were there already.
    package var present: [DeltaName] = []
    /// The deltas that could not be made, with the reasons.
    package var failed: [(name: DeltaName, reason: String)] = []
}

extension Repository {
    /// Has libostree make static deltas, each in a process of its own, on all cores, and lists them in the indexes of
    /// their targets.
    ///
    /// No lock is held meanwhile: where an object goes before it was read, that delta fails.
    package func makeDeltas(_ names: [DeltaName]) throws -> DeltaReport {
        var report = DeltaReport()
        var missing: [DeltaName] = []
        // Loaded before there are processes that each would have to.
        let opened = try openedByLibrary()
        for name in names {
            if try root.contains(name.superblockPath) {
                report.present.append(name)
            } else {
                missing.append(name)
            }
        }
        _ = try standardDirectory("tmp")
        let failures = try ForkedProcesses.run(
            missing.count, atMost: Thread.coreCount, makeFile: temporaryFile
        ) { try makeDelta(missing[$0], opened) }
        for (name, failure) in zip(missing, failures) {
            if let failure { report.failed.append((name, failure)) } else { report.made.append(name) }
        }
        for target in Set(report.made.map(\.target)) {
            _ = try withGError("list the static deltas to \(target)") { error in
                opened.library.ostree_repo_static_delta_reindex(
                    opened.handle, .init(rawValue: 0), target.hex, nil, error)
            }
        }
        return report
    }

    private func makeDelta(_ name: DeltaName, _ opened: LibraryRepository.Opened) throws {
        // For decompressed files: the receiver has given up access to everything else. This process does nothing else.
        setenv("TMPDIR", "\(path)/tmp", 1)
        // No parameters, which must not be NULL.
        let type = g_variant_type_new("{sv}")
        defer { g_variant_type_free(type) }
        let parameters = g_variant_ref_sink(g_variant_new_array(type, nil, 0))
        defer { g_variant_unref(parameters) }
        _ = try withGError("make the static delta \(name)") { error in
            opened.library.ostree_repo_static_delta_generate(
                opened.handle, OSTREE_STATIC_DELTA_GENERATE_OPT_MAJOR, name.source?.hex, name.target.hex, nil,
                parameters,
                nil, error)
        }
    }

    /// The static deltas that are good for who follows a ref: from its commit's parent, if that is here, and from nothing.
    package func usefulDeltas(to commit: Checksum, fromScratch: Bool) throws -> [DeltaName] {
        guard try hasWhole(commit) else { return [] }
        var names: [DeltaName] = []
        if let parent = try self.commit(commit).parent, try hasWhole(parent) {
            names.append(DeltaName(from: parent, to: commit))
        }
        if fromScratch { names.append(DeltaName(from: nil, to: commit)) }
        return names
    }
}
