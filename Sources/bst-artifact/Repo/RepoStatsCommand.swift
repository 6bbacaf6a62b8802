// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactProtocol
import ArtifactRepository
import TextCoding

struct RepoStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Shows the disk space of each project's artifacts.",
        discussion: """
              bst-artifact repo stats --repo /srv/artifacts

            The first part of a ref names its project. Objects that several projects need are shared, and counted for each of \
            them; unique space would be freed with the project. Sizes are those on disk.
            """)

    @OptionGroup var bucket: BucketArgument
    @OptionGroup var local: LocalOptions

    func run() throws {
        let cancellation = try Interruption.cancellation()
        if let store = try bucket.open(local, cancellation) { return try run(store) }
        let repository = try local.open()
        let statistics = try repository.statistics(cancellation: cancellation)
        let terminal = local.terminal
        for line in table(statistics.projects) { terminal.print(line) }
        for project in statistics.projects {
            guard let largest = project.largest, let oldest = project.oldest else { continue }
            terminal.print(
                "\(project.project): largest \(largest.ref), \(Format.bytes(largest.value)); "
                    + "oldest \(oldest.ref), \(Format.date(oldest.value))")
        }
        for ref in statistics.incomplete {
            terminal.warn("\(ref) lacks something: 'bst-artifact repo fsck' says what")
        }
        terminal.warn(about: statistics.leftOut)
        terminal.print(
            "\(repository.path): \(Format.bytes(statistics.allocatedBytes)), of which refs need "
                + "\(Format.bytes(statistics.reachableBytes)); \(Format.bytes(statistics.freeBytes)) free")
        terminal.emit([
            "repository": JSON(repository.path), "allocatedBytes": JSON(statistics.allocatedBytes),
            "reachableBytes": JSON(statistics.reachableBytes), "freeBytes": JSON(statistics.freeBytes),
            "projects": .array(statistics.projects.map(json)),
            "incomplete": JSON(statistics.incomplete),
        ])
    }

    private func run(_ store: BucketStore) throws {
        let progress = local.terminal.progress("listing \(store.location)")
        defer { progress.clear() }
        let statistics = try BucketStatistics(of: store) { space in
            progress.show("\(Format.count(space.count, "object")), \(Format.bytes(space.bytes))")
        }
        progress.clear()
        let terminal = local.terminal
        if !statistics.projects.isEmpty {
            let rows = statistics.projects.map { [$0.name, "\($0.refs)", "\($0.artifacts)"] }
            for line in Format.table([["project", "refs", "artifacts"]] + rows) { terminal.print(line) }
        }
        let total = statistics.total
        terminal.print(
            "\(store.location): \(Format.count(total.count, "object")), \(Format.bytes(total.bytes)); "
                + "entry \(statistics.entry) of the log, records of \(Format.bytes(statistics.records.bytes))"
        )
        terminal.print(
            statistics.knownBytes.map { "the log counts objects of \(Format.bytes($0)), for --max-size" }
                ?? "the log does not count objects for --max-size: 'bst-artifact repo expire' finds out")
        terminal.emit([
            "repository": JSON(store.location), "objects": JSON(total.count), "bytes": JSON(total.bytes),
            "countedBytes": JSON(statistics.knownBytes), "entry": JSON(statistics.entry),
            "recordBytes": JSON(statistics.records.bytes),
            "projects": .array(
                statistics.projects.map {
                    ["project": JSON($0.name), "refs": JSON($0.refs), "artifacts": JSON($0.artifacts)]
                }),
        ])
    }

    private func table(_ projects: [ProjectStatistics]) -> [String] {
        guard !projects.isEmpty else { return [] }
        let rows =
            [["project", "refs", "artifacts", "unique", "shared"]]
            + projects.map {
                [
                    $0.project, "\($0.refs)", "\($0.artifacts)", Format.bytes($0.uniqueBytes),
                    Format.bytes($0.sharedBytes),
                ]
            }
        return Format.table(rows)
    }

    private func json(_ project: ProjectStatistics) -> JSON {
        func extreme(_ extreme: ProjectStatistics.Extreme?, _ name: String) -> JSON {
            extreme.map { .object([("ref", JSON($0.ref)), (name, JSON($0.value))]) } ?? .null
        }
        return [
            "project": JSON(project.project), "refs": JSON(project.refs),
            "artifacts": JSON(project.artifacts),
            "uniqueBytes": JSON(project.uniqueBytes), "sharedBytes": JSON(project.sharedBytes),
            "largest": extreme(project.largest, "bytes"), "oldest": extreme(project.oldest, "timestamp"),
        ]
    }
}
