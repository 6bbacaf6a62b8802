// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import TextCoding

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the refs of a cache.",
        discussion: """
              bst-artifact list
              bst-artifact list --long 'hello/*'
              bst-artifact list --remote https://example.com/artifacts

            If several caches are configured, the first one is listed.
            """)

    @Argument(help: "Only refs that match; '*' also matches slashes.")
    var pattern: String?

    @Flag(name: .shortAndLong, help: "Also print the commit, the size of its object, and its date.")
    var long = false

    @Option(
        help: ArgumentHelp(
            "Read an ssh remote through ssh, or https for its web server. (default: ssh, if its receiver can)",
            valueName: "way"))
    var via: PullRoute?

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var web: WebArguments
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let selection = RemoteSelection(
            named: remote.remote, configuration: try configurationOptions.load(), repository: nil)
        var addresses = PullAddressResolver(
            options: try web.options(output.terminal), receiver: receiver.options(isVerbose: output.verbose),
            terminal: output.terminal, via: via)
        // pullCaches throws if there is none.
        let cache = try selection.pullCaches(for: nil)[0]
        let source: any PullSource =
            try addresses.receiver(of: cache, naming: [], ours: CommitsHere())
            ?? RemoteRepository(addresses.pullAddress(of: cache), options: addresses.options)
        try source.forEachRef(
            matching: pattern.map { [$0] } ?? [], ofCollection: nil, hasDetails: long || output.json
        ) { entry in
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
