// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
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

    @OptionGroup var local: LocalOptions

    func run() throws {
        let repository = try local.open()
        let statistics = try repository.statistics(cancellation: try Interruption.cancellation())
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
