// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Requests for static deltas: a process that moves refs creates an empty file for each delta, and one process makes the
/// deltas for all until no file is left. So one is made once, whoever asks for it, and a crash loses none.
extension Repository {
    private static let requestsPath = "state/bst-artifact-deltas"

    /// Requests static deltas.
    package func requestDeltas(_ names: [DeltaName]) throws {
        guard !names.isEmpty else { return }
        let requests = try standardDirectory(Repository.requestsPath)
        for name in names {
            do { _ = try requests.createFile("\(name)") } catch {
                guard error.code == EEXIST else { throw error }
            }
        }
    }

    /// Returns true if static deltas were requested and are not made.
    package func areDeltasRequested() throws -> Bool {
        try root.directoryIfPresent(Repository.requestsPath)?.isEmpty() == false
    }

    /// Makes the requested static deltas until no request is left, unless another process already does.
    ///
    /// Requests are dropped whose commits have gone, or have no ref any more.
    package func makeRequestedDeltas() throws -> DeltaReport {
        var report = DeltaReport()
        // Checked again after the release: a request made just before found the lock held and relies on this process.
        while try areDeltasRequested() {
            let requests = try standardDirectory(Repository.requestsPath)
            if retryingInterrupts({ flock(requests.descriptor.number, LOCK_EX | LOCK_NB) }) != 0 {
                guard errno == EWOULDBLOCK else { throw SystemError("lock \(requests.path)") }
                return report
            }
            try serve(requests, &report)
        }
        return report
    }

    private func serve(_ requests: Directory, _ report: inout DeltaReport) throws {
        let entries = try requests.entries()
        let tips = Set(try refs().map(\.commit))
        let names = try entries.compactMap { DeltaName($0) }.filter { name in
            try tips.contains(name.target) && hasWhole(name.target) && name.source.map(hasWhole) ?? true
        }
        let served = try makeDeltas(names)
        for entry in entries { try requests.remove(entry) }
        report.made += served.made
        report.present += served.present
        report.failed += served.failed
    }
}
