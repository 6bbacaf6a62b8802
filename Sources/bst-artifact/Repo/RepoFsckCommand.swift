// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactRepository
import TextCoding

struct RepoFsckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck", abstract: "Verifies all objects of a repository.",
        discussion: """
              bst-artifact repo fsck --repo /srv/artifacts
              bst-artifact repo fsck --repo /srv/artifacts --delete
              bst-artifact repo fsck --quick s3://artifacts/team-a

            It computes all checksums, on all cores, and checks that every object that commits and refs need is present. Pushes \
            and pulls may go on meanwhile. The exit status is 6 if something is damaged.
            """)

    @Flag(help: "Remove damaged objects, to have them pushed again, and mark incomplete commits as partial.")
    var delete = false

    @Flag(help: "Also check that commits were made for the refs, and the collection, that point to them.")
    var verifyBindings = false

    @Flag(help: "In a bucket, only look if files are there, and do not read them.")
    var quick = false

    @OptionGroup var bucket: BucketArgument
    @OptionGroup var local: LocalOptions

    func run() throws {
        if let store = try bucket.open(local, try Interruption.cancellation()) { return try run(store) }
        guard !quick else {
            throw ValidationError("--quick is for caches in buckets: name one, s3://BUCKET/PREFIX.")
        }
        let repository = try local.openForChanges()
        let progress = local.terminal.progress("checking \(repository.path)")
        var options = Fsck.Options()
        options.deletesDamaged = delete
        options.verifiesBindings = verifyBindings
        options.cancellation = try Interruption.cancellation()
        options.showProgress = { objects, bytes in
            progress.show("\(Format.count(objects, "object")), \(Format.bytes(bytes))")
        }
        defer { progress.clear() }
        let report = try Fsck(repository, options: options).run()
        progress.clear()
        show(report, of: repository.path)
        if !report.isClean { throw ExitStatus.damaged.code }
    }

    private func run(_ store: BucketStore) throws {
        guard !delete, !verifyBindings else {
            throw ValidationError(
                "--delete and --verify-bindings are for repositories of this machine: leave them out.")
        }
        let progress = local.terminal.progress("checking \(store.location)")
        defer { progress.clear() }
        var fsck = BucketFsck(of: store, readsFiles: !quick) { objects, bytes in
            progress.show("\(Format.count(objects, "file")), \(Format.bytes(bytes))")
        }
        let report = try fsck.run()
        progress.clear()
        show(report, of: store.location)
        if !report.isClean { throw ExitStatus.damaged.code }
    }

    private func show(_ report: FsckReport, of place: String) {
        let terminal = local.terminal
        for damage in report.damaged { terminal.fail("object \(damage.name) is damaged: \(damage.reason)") }
        for missing in report.missing {
            terminal.fail("object \(missing.name) is missing, and \(missing.parent) needs it")
        }
        for bad in report.badRefs {
            terminal.fail("ref \(bad.ref.forDisplay()) leads nowhere: \(bad.reason)")
        }
        for bad in report.misboundRefs {
            terminal.fail("ref \(bad.ref.forDisplay()) does not fit its \(bad.reason)")
        }
        for commit in report.partialCommits { terminal.warn("commit \(commit) is only partly here") }
        if report.removed > 0 {
            terminal.say("\(Format.count(report.removed, "damaged object")) removed: push or pull them again")
        }
        let found =
            report.isClean
            ? "nothing is damaged"
            : "\(report.damaged.count) damaged, \(report.missing.count) missing, "
                + "\(Format.count(report.badRefs.count + report.misboundRefs.count, "bad ref"))"
        terminal.say(
            "\(place): \(Format.count(report.objects, "object")) of \(Format.bytes(report.bytes)), "
                + "\(Format.count(report.commits, "commit")), \(Format.count(report.refs, "ref")): \(found)")
        terminal.emit([
            "repository": JSON(place), "objects": JSON(report.objects), "bytes": JSON(report.bytes),
            "commits": JSON(report.commits), "refs": JSON(report.refs), "clean": JSON(report.isClean),
            "damaged": .array(
                report.damaged.map { ["object": JSON($0.name), "reason": JSON($0.reason)] }),
            "missing": .array(
                report.missing.map { ["object": JSON($0.name), "neededBy": JSON($0.parent)] }),
            "incompleteCommits": JSON(report.incompleteCommits),
            "partialCommits": JSON(report.partialCommits),
            "badRefs": .array(report.badRefs.map { ["ref": JSON($0.ref), "reason": JSON($0.reason)] }),
            "misboundRefs": .array(
                report.misboundRefs.map { ["ref": JSON($0.ref), "reason": JSON($0.reason)] }),
            "removed": JSON(report.removed),
        ])
    }
}
