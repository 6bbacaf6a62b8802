// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactRepository

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Connects to the caches that take pushes and says what answers.")

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let selection = RemoteSelection(
            named: remote.remote, configuration: try configurationOptions.load(), repository: nil)
        var options = Pusher.Options()
        options.receiver = receiver.options(isVerbose: output.verbose)
        for address in try selection.pushCaches(for: nil) {
            let info = try Pusher.check(address, options: options)
            let mode = RepositoryMode(rawValue: info.mode).map { "\($0)" } ?? "\(info.mode)"
            output.terminal.print("\(address)")
            output.terminal.print("  mode       \(mode)")
            output.terminal.print("  pull URL   \(info.pullURL?.forDisplay() ?? "not told")")
            output.terminal.print("  protocol   version \(receiver.version)")
            output.terminal.print("  abilities  none beyond that version")
            guard RepositoryMode(rawValue: info.mode) == .archive else {
                throw ClientError(
                    .unsuitableRemote,
                    "\(address) cannot take pushes: its repository is of mode \(mode), and a cache must be of mode archive"
                )
            }
        }
    }
}
