// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import Glibc
import ServerSetup
import SystemCalls

struct SetupServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup-server",
        abstract: "Sets up this machine as the server of a cache, or checks the setup.",
        discussion: """
              bst-artifact setup-server --pull-url https://example.com/artifacts --key builder.pub
              bst-artifact setup-server --repo s3://artifacts/team-a --key builder.pub
              bst-artifact setup-server --check

            Run it as root. It lists its changes and asks before it makes them: a user, a repository, sshd's settings, and keys \
            that may push. What is right already stays, so it can be run again, for example to add a key. It sets up no web \
            server for pulls; see 'bst-artifact help serve'.
            """)

    @OptionGroup var layoutOptions: ServerLayoutOptions

    @Option(help: ArgumentHelp("A file with public keys that may push. May be repeated.", valueName: "file"))
    var key: [String] = []

    @Flag(help: "Change nothing; check whether the cache works, and print a remedy for each problem.")
    var check = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(name: [.long, .customShort("n")], help: "Change nothing; print what would be done.")
    var dryRun = false

    @OptionGroup var web: WebArguments
    @OptionGroup var output: OutputOptions

    func run() throws {
        if check { return try runCheck() }
        let layout = layoutOptions.layout
        let steps = try ServerSteps(layout: layout, keys: key.flatMap(AuthorizedKey.publicKeys)).all()
        guard !steps.isEmpty else {
            output.terminal.say(
                "nothing to do: the server is set up. See also 'bst-artifact setup-server --check'")
            return emit(steps)
        }
        output.terminal.say("bst-artifact setup-server is going to")
        for (number, step) in steps.enumerated() {
            output.terminal.say("  \(number + 1). \(step.description)")
        }
        if dryRun { return emit(steps) }
        guard geteuid() == 0 else {
            throw RepositoryError(.notAllowed, "a server is set up by root: run this as root, or with sudo")
        }
        guard try yes || agrees() else {
            output.terminal.fail("nothing was done")
            throw ExitStatus.failed.code
        }
        for (number, step) in steps.enumerated() {
            try step.run()
            output.terminal.say("done: \(number + 1) of \(steps.count)")
        }
        output.terminal.say("builders push to \(layout.user)@HOST:\(layout.pathForBuilders)")
        emit(steps)
    }

    private func emit(_ steps: [ServerStep]) {
        output.terminal.emit(["dryRun": JSON(dryRun), "steps": .array(steps.map { JSON($0.description) })])
    }

    private func agrees() throws -> Bool {
        guard Descriptor.standardInput.isTerminal else {
            throw ValidationError("There is no terminal to ask at: add --yes where that is what you want.")
        }
        try Descriptor.standardError.writeAll(Array("Go on? [y/N] ".utf8))
        let answer = (readLine() ?? "").lowercased()
        return answer == "y" || answer == "yes"
    }

    private func runCheck() throws {
        var diagnosis = ServerDiagnosis(layout: layoutOptions.layout, web: try web.options(output.terminal))
        let findings = diagnosis.run()
        for finding in findings {
            let mark =
                switch finding.severity {
                case .fine: "ok     "
                case .warning: "warning"
                case .error: "error  "
                }
            let remedy = finding.remedy.map { ": \($0)" } ?? ""
            if finding.severity != .fine || !output.quiet {
                output.terminal.print("\(mark)  \(finding.text)\(remedy)")
            }
        }
        let isFine = !findings.contains { $0.severity == .error }
        output.terminal.emit([
            "ok": JSON(isFine),
            "findings": .array(
                findings.map {
                    [
                        "severity": JSON($0.severity.rawValue), "text": JSON($0.text),
                        "remedy": JSON($0.remedy),
                    ]
                }),
        ])
        if !isFine { throw ExitStatus.failed.code }
    }
}
