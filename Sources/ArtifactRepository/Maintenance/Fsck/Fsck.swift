// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import Synchronization
import SystemCalls

/// A check of a repository: verifies the checksum of every object, on all cores, and looks for missing objects of
/// commits and refs.
///
/// It may run beside readers and receivers: objects that are removed meanwhile do not count as missing.
public final class Fsck {
    /// Options of a check.
    public struct Options: Sendable {
        /// Removes damaged objects, so that they can be pushed or pulled again, and marks incomplete commits as
        /// partial.
        public var deletesDamaged = false
        /// Checks that commits with ref bindings are bound to the refs that point to them.
        public var verifiesBindings = false
        /// The number of threads; nil for one per core.
        public var threads: Int?
        /// A progress handler, called from several threads with the objects and bytes checked so far.
        public var showProgress: @Sendable (_ objects: Int, _ bytes: UInt64) -> Void = { _, _ in }
        /// Ends the check when it is requested.
        public var cancellation: Cancellation?

        /// Creates options for a check that changes nothing.
        public init() {}
    }

    private let repository: Repository
    private let options: Options

    /// Prepares a check of `repository`.
    public init(_ repository: Repository, options: Options = Options()) {
        self.repository = repository
        self.options = options
    }

    /// Checks the repository.
    ///
    /// - Throws: If the repository cannot be read; damage is in the report.
    public func run() throws -> FsckReport {
        var report = try checkObjects()
        try checkConnections(&report)
        if options.deletesDamaged { try remove(&report) }
        return report
    }

    // MARK: Objects

    private func checkObjects() throws -> FsckReport {
        let prefixes = try repository.objects.entries().filter { $0.utf8.count == 2 }.sorted()
        let next = Atomic<Int>(0)
        let shared = Mutex((report: FsckReport(), failure: (any Error)?.none))
        let repository = repository
        let options = options
        let work: @Sendable () -> Void = {
            let check = ObjectCheck(repository)
            do {
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < prefixes.count, shared.withLock({ $0.failure == nil }) else { return }
                    let part = try Fsck.check(
                        prefixes[index], of: repository, with: check, options.cancellation)
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

    /// Checks the objects in one of the 256 directories of `objects/`.
    private static func check(
        _ prefix: String, of repository: Repository, with check: ObjectCheck, _ cancellation: Cancellation?
    ) throws -> FsckReport {
        var report = FsckReport()
        try repository.forEachObject(in: prefix) { path, name in
            try cancellation?.check()
            do {
                report.bytes += try check.check(name)
                report.objects += 1
            } catch  where isDamage(error) {
                // It may have been pruned or expired meanwhile.
                guard try repository.contains(name) else { return }
                report.objects += 1
                report.damaged.append(FsckReport.Damage(name: name, reason: reason(error, name)))
            }
        }
        return report
    }

    /// Returns true if an error is about the object, rather than about this process's permissions or resources.
    private static func isDamage(_ error: any Error) -> Bool {
        guard let error = error as? SystemError else { return true }
        // The file is missing, a link, a directory or a socket, or the disk cannot read it.
        return error.isNotFound || [ELOOP, EISDIR, ENXIO, EIO, EUCLEAN, EBADMSG].contains(error.code)
    }

    /// The description of an error without the object's name, which the report has.
    private static func reason(_ error: any Error, _ name: ObjectName) -> String {
        let (text, prefix) = ("\(error)", RepositoryError.badObject(name, "").description)
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    // MARK: Connectivity

    private func checkConnections(_ report: inout FsckReport) throws {
        let damaged = Set(report.damaged.map(\.name))
        var search = MissingObjectSearch(repository, damaged: damaged, options.cancellation)
        var commits: [Checksum] = []
        try repository.forEachObject { _, name in
            if name.type == .commit { commits.append(name.checksum) }
        }
        report.commits = commits.count
        for commit in commits.sorted() {
            // A commit marked as partial because of damage is checked again: it may have been repaired.
            if try repository.isPartial(commit), try !repository.isPartialFromDamage(commit) {
                report.partialCommits.append(commit)
            } else {
                try search.check(commit)
            }
        }
        report.missing = search.missing
        report.incompleteCommits = search.incompleteCommits
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
        // Missing and damaged commits are reported already.
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

    /// Removes damaged objects, under the locks that keep pushes from relying on them.
    private func remove(_ report: inout FsckReport) throws {
        guard !report.isClean else { return }
        try repository.withLocks(exclusive: true) {
            var complete = try CompleteTrees(repository)
            complete.forget()
            let check = ObjectCheck(repository)
            for damage in report.damaged {
                // It may have been replaced by a good one.
                guard try repository.contains(damage.name), try Fsck.isDamaged(damage.name, check) else {
                    continue
                }
                let path = repository.objectPath(damage.name)
                try repository.objects.remove(path)
                try complete.noteChange(of: String(path.prefix(2)))
                report.removed += 1
            }
            complete.save()
            for commit in report.incompleteCommits
            where try repository.contains(ObjectName(commit, .commit)) {
                try repository.markPartial(commit)
            }
        }
    }
}
