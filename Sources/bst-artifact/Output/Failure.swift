// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import SystemCalls

/// The end of the program after an error.
enum Failure {
    /// Reports an error, and exits.
    static func report(_ error: any Error, isJSON: Bool) -> Never {
        if let signal = Interruption.signal, error as? ExitCode == nil {
            Terminal.fail("\(error)")
            leave(128 + signal, "interrupted", error, isJSON: isJSON)
        }
        // The argument parser prints help, the version, and mistakes of the command line.
        let isOurs = !(error is ExitCode || error is CleanExit || error is ValidationError)
        guard isOurs, BstArtifact.exitCode(for: error) == .failure else {
            explain(error)
        }
        let status = ExitStatus(error)
        Terminal.fail("\(error)")
        leave(status.rawValue, status.name, error, isJSON: isJSON)
    }

    private static func leave(_ status: Int32, _ name: String, _ error: any Error, isJSON: Bool) -> Never {
        if isJSON { Results.write(JSON(dictionaryLiteral: ("error", json(error, name))).text) }
        end(status)
    }

    private static func explain(_ error: any Error) -> Never {
        let code = BstArtifact.exitCode(for: error)
        let text = BstArtifact.fullMessage(for: error)
        if code == .success {
            Results.write(text)
        } else if !text.isEmpty {
            try? Descriptor.standardError.writeAll(Array("\(text)\n".utf8))
        }
        end(code.rawValue)
    }

    private static func end(_ status: Int32) -> Never {
        if status == 0 { Results.finish() } else { Results.finish(otherwise: status) }
        CurrentProcess.end(status)
    }

    static func json(_ error: any Error, _ name: String? = nil) -> JSON {
        ["status": JSON(name ?? ExitStatus(error).name), "message": JSON("\(error)")]
    }
}
