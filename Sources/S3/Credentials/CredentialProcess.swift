// SPDX-License-Identifier: Apache-2.0

import SystemCalls
import TextCoding

/// A program that prints credentials as JSON (`credential_process` of a profile).
struct CredentialProcess: Sendable {
    /// The program and its arguments, split as a shell does, but not run by one.
    let command: String
    let profile: String

    /// The longest time that the program may take once it has closed its output.
    private static let timeout = Duration.seconds(60)
    private static let longestAnswer = 1 << 16

    func fetch() throws(S3Error) -> Credentials {
        guard let words = command.shellWords, !words.isEmpty else {
            throw failure("the command is empty or its quotation marks do not match")
        }
        let answer: [UInt8]
        let exit: ChildProcess.Exit
        do {
            let process = try ChildProcess(words)
            process.closeInput()
            // Its messages may hold secrets; they must not fill the pipe either.
            let errors = try Thread { [errorOutput = process.errorOutput] in
                var buffer = [UInt8](repeating: 0, count: 4096)
                while buffer.withUnsafeMutableBytes({ (try? errorOutput.read(into: $0)) ?? 0 }) > 0 {}
            }
            answer = try process.output.readAll(limit: CredentialProcess.longestAnswer)
            exit = process.wait(atMost: CredentialProcess.timeout)
            _ = errors
        } catch {
            throw failure("\(error)")
        }
        guard exit == .status(0) else { throw failure("the program failed") }
        guard let fields = JSONFields.read(answer), fields["Version"] == "1",
            let credentials = Credentials(json: answer, token: "SessionToken")
        else {
            throw failure("it printed no credentials of version 1")
        }
        return credentials
    }

    private func failure(_ reason: String) -> S3Error {
        S3Error(
            .noCredentials,
            "cannot get credentials by credential_process of the profile '\(profile.shownInMessage)': \(reason): run "
                + "the command by hand to see what it prints")
    }
}
