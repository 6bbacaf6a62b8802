// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import Glibc

struct CheckoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkout", abstract: "Checks out an artifact's files into a new directory.",
        discussion: """
              bst-artifact checkout hello/base/4f2a ./base
            """)

    @Argument(help: "The ref or commit.")
    var ref: String

    @Argument(help: "The directory, which must not exist yet.")
    var directory: String

    @Flag(
        name: [.customShort("U"), .customLong("user-mode")], inversion: .prefixedNo,
        help: ArgumentHelp(
            "Own the files yourself, without extended attributes; or fail if owners and attributes cannot be restored. (default: own them, unless you are root and they can be restored)"
        ))
    var userMode: Bool?

    @OptionGroup var local: LocalOptions

    func run() throws {
        let repository = try local.open()
        let commit = try RefPatterns.commit(ref, in: repository)
        let obstacle = try repository.checkOut(
            commit, to: directory, ownership: userMode.map { $0 ? .own : .restored },
            cancellation: try Interruption.cancellation())
        if let obstacle {
            local.terminal.warn(
                "owners and extended attributes cannot be restored here (\(obstacle)), so the files in \(directory) are yours: "
                    + "say --user-mode if that is meant, or --no-user-mode to have it fail")
        }
        local.terminal.say("\(directory): \(ref) at \(commit)")
        let isOwn = userMode ?? (geteuid() != 0 || obstacle != nil)
        local.terminal.emit([
            "directory": JSON(directory), "ref": JSON(ref), "commit": JSON(commit), "userMode": JSON(isOwn),
        ])
    }
}
