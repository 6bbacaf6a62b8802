// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// A check of a cache in a bucket: that everything which refs lead to is there, and is what its name says.
package struct BucketFsck {
    private let store: BucketStore
    private let readsFiles: Bool
    private let show: (_ objects: Int, _ bytes: UInt64) -> Void
    private var report = FsckReport()

    /// The number of files that are read at the same time.
    private static let window = 16
    /// The most bytes of verified files on this machine.
    private static let spoolLimit: UInt64 = 512 << 20
    private static let viewBatch = 1024

    /// Prepares a check.
    ///
    /// - Parameters:
    ///   - readsFiles: true to read all files that are needed, too, and not only to look if they are there.
    ///   - show: receives the number of objects that were checked, and their size.
    package init(
        of store: BucketStore, readsFiles: Bool, show: @escaping (Int, UInt64) -> Void = { _, _ in }
    ) {
        (self.store, self.readsFiles, self.show) = (store, readsFiles, show)
    }

    /// Runs the check.
    package mutating func run() throws -> FsckReport {
        var sizes = try listedObjects()
        let position = try store.log.last(from: store.position)
        try checkRefs(at: position)
        var files = try NameFile()
        var missing: [(name: ObjectName, parent: ObjectName?)] = []
        var damaged: [FsckReport.Damage] = []
        var walk = ReferenceWalk(
            of: store,
            report: { fault in
                switch fault {
                case .missing(let name, let parent): missing.append((name, parent))
                case .damaged(let name, let reason): damaged.append(.init(name: name, reason: reason))
                }
            },
            visit: { name, parent in
                guard name.type == .file || name.type == .dirmeta else { return }
                // An ancestor's may be absent.
                if sizes.contains(name) {
                    try files.append(name, size: 0)
                } else if let parent {
                    missing.append((name, parent))
                }
            })
        try walk.walk(at: position)
        report.commits = walk.commitCount
        report.damaged += damaged
        // Some may have been put since the objects were listed.
        for entry in missing {
            let key = store.withObjects { $0.key(entry.name) }
            guard try store.client.run(.head(key), cancellation: store.cancellation).found == nil else {
                continue
            }
            report.missing.append(.init(name: entry.name, parent: entry.parent ?? entry.name))
        }
        sizes = ObjectSet()
        if readsFiles { try read(&files) }
        report.damaged.sort { $0.name.checksum < $1.name.checksum }
        return report
    }

    private mutating func listedObjects() throws -> ObjectSet {
        var listed = ObjectSet()
        try store.forEachObject { name, attributes in
            listed.insert(name)
            report.objects += 1
            report.bytes += attributes.size ?? 0
        }
        return listed
    }

    /// Counts refs, and looks for views that are behind.
    private mutating func checkRefs(at position: PublicationLog.Position) throws {
        var batch: [LoggedEdit] = []
        func check() throws {
            for behind in try store.log.views.behind(batch) {
                report.badRefs.append(
                    .init(
                        ref: behind.ref.text,
                        reason: "other programs read another commit: run 'bst-artifact repo recover'"))
            }
            batch.removeAll(keepingCapacity: true)
        }
        try store.log.forEachRef(at: position) { ref, commit, sequence in
            report.refs += 1
            batch.append(LoggedEdit(sequence, ref, from: nil, to: commit))
            if batch.count == BucketFsck.viewBatch { try check() }
        }
        try check()
    }

    // MARK: Files

    /// Reads files, and verifies them as received ones are.
    private mutating func read(_ files: inout NameFile) throws {
        var quarantine = try store.spool.makeQuarantine(.transient)
        defer { quarantine.discard() }
        var window = FileWindow()
        var (checked, bytes): (Int, UInt64) = (0, 0)
        var spooled: UInt64 = 0
        func finishFirst() throws {
            guard let first = window.removeFirst() else { return }
            let size = try first.response.value().found?.size ?? 0
            if let failure = first.state.withLock(\.failure) {
                report.damaged.append(.init(name: first.name, reason: "\(failure)"))
            } else {
                try first.incoming.finish()
            }
            checked += 1
            bytes += size
            spooled += size
            takeVerdicts(quarantine, waiting: false)
            show(checked, bytes)
        }
        try files.forEach { name, _ in
            if window.count >= BucketFsck.window { try finishFirst() }
            if spooled > BucketFsck.spoolLimit {
                while window.count > 0 { try finishFirst() }
                takeVerdicts(quarantine, waiting: true)
                quarantine.discard()
                quarantine = try store.spool.makeQuarantine(.transient)
                spooled = 0
            }
            guard let incoming = try quarantine.receive(name, size: nil) else { return }
            let state = Monitor(FileWindow.State())
            let target = FileWindow.Target(incoming)
            let key = store.withObjects { $0.key(name) }
            let response = store.client.start(
                .stream(key) { _, piece in
                    state.withLock { state in
                        guard state.failure == nil else { return }
                        do { try target.incoming.write(piece) } catch { state.failure = "\(error)" }
                    }
                }, cancellation: store.cancellation)
            window.append(name, incoming, response, state)
        }
        while window.count > 0 { try finishFirst() }
        takeVerdicts(quarantine, waiting: true)
    }

    private mutating func takeVerdicts(_ quarantine: any Quarantine, waiting: Bool) {
        for verdict in quarantine.takeVerdicts(waiting: waiting) {
            if let failure = verdict.failure {
                report.damaged.append(.init(name: verdict.name, reason: "\(failure)"))
            }
        }
    }
}

/// Files that are being read.
private struct FileWindow {
    struct State {
        var failure: String?
    }

    /// An incoming file, which the client's thread alone writes to.
    struct Target: @unchecked Sendable {
        let incoming: any IncomingObject
        init(_ incoming: any IncomingObject) { self.incoming = incoming }
    }

    struct File {
        let name: ObjectName
        let incoming: any IncomingObject
        let response: PendingResponse<Lookup<ObjectAttributes>>
        let state: Monitor<State>
    }

    private var files: ArraySlice<File> = []
    var count: Int { files.count }

    mutating func append(
        _ name: ObjectName, _ incoming: any IncomingObject,
        _ response: PendingResponse<Lookup<ObjectAttributes>>, _ state: Monitor<State>
    ) {
        files.append(File(name: name, incoming: incoming, response: response, state: state))
    }

    mutating func removeFirst() -> File? { files.popFirst() }
}
