// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactProtocol

extension ProtocolVersion {
    /// Checks the value of an option `--protocol`.
    package init(option: UInt8) throws {
        guard let version = ProtocolVersion(rawValue: option) else {
            throw ValidationError("There is no version \(option) of the protocol: name 0 or 1.")
        }
        self = version
    }
}

extension Duration {
    /// Checks the value of an option `--timeout`.
    package init(timeoutOption seconds: Int32) throws {
        guard (1...86_400).contains(seconds) else {
            throw ValidationError("A time limit is between 1 and 86400 seconds.")
        }
        self = .seconds(seconds)
    }
}
