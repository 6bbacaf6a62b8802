// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactProtocol
import Glibc

extension ProtocolVersion {
    /// Parses the value of an option `--protocol`.
    package init(option: String) throws {
        guard let version = UInt8(option).flatMap(ProtocolVersion.init) else {
            throw ValidationError("There is no version \(option) of the protocol: name 0 or 1.")
        }
        self = version
    }
}

/// A time limit, in whole seconds on the command line.
package struct TimeLimit: ExpressibleByArgument {
    /// The time limit.
    package let duration: Duration

    /// Creates a time limit of so many seconds.
    package init(seconds: Int) {
        duration = .seconds(seconds)
    }

    /// Parses a number of seconds from 1 to 86,400.
    package init?(argument: String) {
        guard let seconds = Int(argument), (1...86_400).contains(seconds) else { return nil }
        self.init(seconds: seconds)
    }

    /// The number of seconds.
    package var defaultValueDescription: String { "\(duration.components.seconds)" }
}

/// Options for the signatures that commits must have.
package struct SignatureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Accept only commits with a GPG signature by a key in this file.", valueName: "keyring"))
    package var verifyGPG: String?

    @Option(
        help: ArgumentHelp(
            "Accept only commits with an ed25519 signature by a key in this file, one base64 key a line.",
            valueName: "file"))
    package var verifyEd25519: String?

    /// Creates options without values.
    package init() {}
}

extension Capability {
    /// The capabilities that the environment names, for tests with older peers; nil to announce the usual ones.
    package static var ofEnvironment: Set<Capability>? {
        getenv("BST_ARTIFACT_ABILITIES").map { parse(String(cString: $0)) }
    }
}
