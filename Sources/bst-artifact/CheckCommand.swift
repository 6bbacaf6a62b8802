// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactClient
import ArtifactProtocol

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks the connection to the caches that accept pushes.",
        discussion: """
              bst-artifact check
              bst-artifact check --remote artifacts@example.com:artifacts
            """)

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let selection = RemoteSelection(
            named: remote.remote, configuration: try configurationOptions.load(), repository: nil)
        let options = receiver.options(isVerbose: output.verbose)
        var failures: [any Error] = []
        var results: [JSON] = []
        for address in try selection.pushCaches(for: nil) {
            do {
                if let store = try BucketStore.directly(address, receiver, nil) {
                    try store.check()
                    for line in ["\(address)", "  mode          archive"] { output.terminal.print(line) }
                    results.append(["remote": JSON(address), "mode": JSON("archive")])
                } else {
                    results.append(try check(address, options))
                }
            } catch {
                failures.append(error)
                results.append(["remote": JSON(address), "error": Failure.json(error)])
            }
        }
        output.terminal.emit(["remotes": .array(results)])
        for failure in failures { output.terminal.fail("\(failure)") }
        if let first = failures.first { throw ExitStatus(first).code }
    }

    private func check(_ address: RemoteAddress, _ options: Pusher.Options) throws -> JSON {
        let info = try Pusher.check(address, options: options)
        let mode = RepositoryMode(rawValue: info.mode).map { "\($0)" } ?? "\(info.mode)"
        let names = info.capabilities.map(\.rawValue).sorted()
        let capabilities = (names + info.otherKeys).map { $0.forDisplay(limit: 40) }.joined(separator: ", ")
        for line in [
            "\(address)",
            "  mode          \(mode)",
            "  pull URL      \(info.pullURL?.forDisplay() ?? "not told")",
            "  protocol      version \(receiver.version.rawValue)",
            "  capabilities  \(capabilities.isEmpty ? "none beyond that version" : capabilities)",
        ] { output.terminal.print(line) }
        guard RepositoryMode(rawValue: info.mode) == .archive else {
            throw ClientError(
                .unsuitableRemote,
                "\(address) cannot take pushes: its repository is of mode \(mode), and a cache must be of mode archive"
            )
        }
        guard !info.isReadOnly else { throw ClientError.readOnly("\(address)") }
        return [
            "remote": JSON(address), "mode": JSON(mode), "pullURL": JSON(info.pullURL),
            "protocol": JSON(receiver.version.rawValue), "abilities": JSON(names),
        ]
    }
}
