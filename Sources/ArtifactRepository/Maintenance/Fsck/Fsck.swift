// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import Synchronization
import SystemCalls

/// Looks for damage in a repository: every object is read and its checksum computed, on all cores, and everything that
/// commits and refs need is looked for.
///
/// It works beside readers and receivers: what somebody removes meanwhile is no damage.
public final class Fsck {
    /// What it was told to do.
    public struct Options: Sendable {
        /// Whether what is damaged is removed, so that it can be pushed or pulled again, and commits that lack something are
        /// marked as partial.
        public var deletesDamaged = false
        /// Requires commits that name refs to name the ones that point to them.
        public var verifiesBindings = false
        /// How many threads work; nil for as many as there are cores.
        public var threads: Int?
        /// Is told now and then how many objects and bytes were checked, from several threads.
        public var showProgress: @Sendable (_ objects: Int, _ bytes: UInt64) -> Void = { _, _ in }
        /// Ends it when it is requested.
        public var cancellation: Cancellation?

        /// Only looks.
        public init() {}
    }

    private let repository: Repository
    private let options: Options

    /// Prepares to look at `repository`.
    public init(_ repository: Repository, options: Options = Options()) {
        self.repository = repository
        self.options = options
    }

    /// Looks.
    ///
    /// - Throws: where the repository cannot be read; damage is in the report.
    public func run() throws -> FsckReport {
        var report = try checkObjects()
        try checkConnections(&report)
        if options.deletesDamaged { try remove(&report) }
        return report
    }

    // MARK: Objects

    private func checkObjects() throws -> FsckReport {
        let folders = try repository.objects.entries().filter { $0.utf8.count == 2 }.sorted()
        let next = Atomic<Int>(0)
        let shared = Mutex((report: FsckReport(), failure: (any Error)?.none))
        let repository = repository
        let options = options
        let work: @Sendable () -> Void = {
            let check = ObjectCheck(repository)
            do {
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < folders.count, shared.withLock({ $0.failure == nil }) else { return }
                    let part = try Fsck.check(
                        folders[index], of: repository, with: check, options.cancellation)
                    let (objects, bytes) = shared.withLock { state in
                        state.report.add(part)
                        return (state.report.objects, state.report.bytes)
                    }
                    options.showProgress(objects, bytes)
                }
            } catch {
                shared.withLock { $0.failure = $0.failure ?? error }
            }
        }
        let threads = try (1..<max(1, options.threads ?? Thread.coreCount)).map { _ in try Thread(work) }
        work()
        for thread in threads { thread.join() }
        return try shared.withLock { state in
            if let failure = state.failure { throw failure }
            state.report.damaged.sort { $0.name.fileName < $1.name.fileName }
            return state.report
        }
    }

    private static func check(
        _ folder: String, of repository: Repository, with check: ObjectCheck, _ cancellation: Cancellation?
    ) throws -> FsckReport {
        var report = FsckReport()
        try repository.forEachObject(in: folder) { path, name in
            try cancellation?.check()
            do {
                report.bytes += try check.check(name)
                report.objects += 1
            } catch  where isDamage(error) {
                // Prunes and expiry go on meanwhile.
                guard try repository.contains(name) else { return }
                report.objects += 1
                report.damaged.append(FsckReport.Damage(name: name, reason: reason(error, name)))
            }
        }
        return report
    }

    /// Tells whether a failure to check an object is one of that object, rather than of what this process may do at the moment.
    private static func isDamage(_ error: any Error) -> Bool {
        guard let error = error as? SystemError else { return true }
        // It is gone, a link, a directory or a socket, or the disk cannot read it.
        return error.isNotFound || [ELOOP, EISDIR, ENXIO, EIO, EUCLEAN, EBADMSG].contains(error.code)
    }

    /// Why an object is not what it must be, without repeating its name.
    private static func reason(_ error: any Error, _ name: ObjectName) -> String {
        let (text, prefix) = ("\(error)", RepositoryError.badObject(name, "").description)
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    // MARK: What needs what

    private func checkConnections(_ report: inout FsckReport) throws {
        let damaged = Set(report.damaged.map(\.name))
        var walk = MissingObjectSearch(repository, damaged: damaged, options.cancellation)
        var commits: [Checksum] = []
        try repository.forEachObject { _, name in
            if name.type == .commit { commits.append(name.checksum) }
        }
        report.commits = commits.count
        for commit in commits.sorted() {
            // One that was marked because of damage is looked at again: it may be whole by now.
            if try repository.isPartial(commit), try !repository.isPartialFromDamage(commit) {
                report.partialCommits.append(commit)
            } else {
                try walk.check(commit)
            }
        }
        report.missing = walk.missing
        report.incompleteCommits = walk.incompleteCommits
        for (path, commit) in try repository.readableRefs(&report.badRefs) {
            report.refs += 1
            let ref = path.shown
            if options.verifiesBindings, let reason = try bindingObjection(path, commit) {
                report.misboundRefs.append(.init(ref: ref, reason: "commit \(commit): \(reason)"))
            }
            if try !repository.contains(ObjectName(commit, .commit)) {
                report.badRefs.append(.init(ref: ref, reason: "its commit \(commit) is not there"))
            } else if try repository.isPartial(commit) {
                report.badRefs.append(.init(ref: ref, reason: "its commit \(commit) is only partly there"))
            }
        }
        report.badRefs.sort { $0.ref < $1.ref }
        report.misboundRefs.sort { $0.ref < $1.ref }
    }

    private func bindingObjection(_ path: RefPath, _ commit: Checksum) throws -> String? {
        // A commit that is damaged has been told of.
        guard try repository.contains(ObjectName(commit, .commit)) else { return nil }
        do {
            return try repository.bindingObjection(
                commit, to: path.name, .strict(path.collection(in: repository)))
        } catch let error as RepositoryError where error.code == .badObject { return nil }
    }

    // MARK: Removal

    private static func isDamaged(_ name: ObjectName, _ check: ObjectCheck) throws -> Bool {
        do { _ = try check.check(name) } catch  where isDamage(error) { return true }
        return false
    }

    /// Removes what is damaged, under the locks that keep pushes from relying on it.
    private func remove(_ report: inout FsckReport) throws {
        guard !report.isClean else { return }
        try repository.withRefLock {
            try repository.withExclusiveLock {
                var complete = try CompleteTrees(repository)
                complete.forget()
                let check = ObjectCheck(repository)
                for damage in report.damaged {
                    // Somebody may have put a good one in its place.
                    guard try repository.contains(damage.name), try Fsck.isDamaged(damage.name, check) else {
                        continue
                    }
                    let path = repository.objectPath(damage.name)
                    try repository.objects.remove(path)
                    try complete.noteChange(of: String(path.prefix(2)))
                    report.removed += 1
                }
                complete.save(temporaryFilesIn: try repository.standardDirectory("tmp"))
                for commit in report.incompleteCommits
                where try repository.contains(ObjectName(commit, .commit)) {
                    try repository.markPartial(commit)
                }
            }
        }
    }
}
