// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import TextCoding

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Shows what a cache has, from its summary.",
        discussion: """
              bst-artifact list
              bst-artifact list --long 'hello/*'
              bst-artifact list --remote https://example.com/artifacts

            With several caches in the configuration, the first is listed.
            """)

    @Argument(help: "Only refs like this; '*' also stands for slashes.")
    var pattern: String?

    @Flag(name: .shortAndLong, help: "Also show commit, size of the commit object, and date.")
    var long = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var web: WebArguments
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let selection = RemoteSelection(
            named: remote.remote, configuration: try configurationOptions.load(), repository: nil)
        var sources = PullSources(
            options: try web.options(output.terminal), receiver: receiver.options(isVerbose: output.verbose),
            terminal: output.terminal)
        // There always is one: pullCaches throws otherwise.
        let cache = try selection.pullCaches(for: nil)[0]
        try RemoteRepository(try sources.source(for: cache), options: sources.options).summary().forEach {
            entry in
            if let pattern, !RefPatterns.matches(entry.ref, pattern) { return }
            output.terminal.emit([
                "ref": JSON(entry.ref), "commit": JSON(entry.commit), "commitSize": JSON(entry.commitSize),
                "timestamp": JSON(entry.timestamp),
            ])
            guard long else { return output.terminal.print(entry.ref.text) }
            let size = Format.bytes(entry.commitSize)
            let padding = String(repeating: " ", count: max(0, 10 - size.count))
            let date = entry.timestamp.map(Format.date) ?? "                "
            output.terminal.print("\(entry.commit)  \(padding)\(size)  \(date)  \(entry.ref)")
        }
    }
}
