// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Stage {
    /// Removes what the tester may have configured, for programs that run as the test's own user.
    public static let cleanEnvironment: [String: String?] = {
        var variables: [String: String?] = ["TZ": "UTC", "COLUMNS": "80"]
        for name in [
            "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "BST_ARTIFACT_SSH", "BST_ARTIFACT_NETRC", "http_proxy",
            "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
            "SSH_CONNECTION", "SSH_USER_AUTH", "SSH_ORIGINAL_COMMAND",
        ] {
            variables.updateValue(nil, forKey: name)
        }
        return variables
    }()

    /// Lets programs use all capabilities, even where the whole suite runs without any.
    public static let allCapabilities: [String: String?] = ["BST_ARTIFACT_ABILITIES": nil]

    /// The variables of a user without any configuration, whose `PATH` begins with the built programs.
    public var environment: [String: String?] {
        let own: [String: String?] = [
            "HOME": directory.path("home"), "TMPDIR": directory.path, "PATH": Programs.searchPath,
        ]
        return Stage.cleanEnvironment.merging(own) { $1 }
    }

    /// Writes the user's `buildstream.conf`.
    public func configure(_ text: String) throws {
        try directory.file("home/.config/buildstream.conf", text)
    }

    /// Makes a program out of a shell's lines.
    @discardableResult
    public func program(_ name: String, _ lines: String) throws -> String {
        let program = try directory.file(name, "#!/bin/sh\n\(lines)\n")
        chmod(program, 0o755)
        return program
    }

    /// Makes a program that is the receiver with options.
    @discardableResult
    public func receiver(_ options: String, named name: String = "receiver") throws -> String {
        try program(name, "exec '\(Programs.receiver())' \(options) \"$@\"")
    }

    /// Runs a program in ``directory``.
    public func run(
        _ arguments: [String], input: ProcessInput = .none, environment: [String: String?] = [:],
        timeout: Double = 120
    ) throws -> ProcessResult {
        try TestSupport.run(
            arguments, input: input, environment: self.environment.merging(environment) { $1 },
            directory: directory.path, timeout: timeout)
    }

    /// Runs `bst-artifact` in ``directory``.
    public func artifact(
        _ arguments: [String], environment: [String: String?] = [:], timeout: Double = 120
    ) throws -> ProcessResult {
        try run([Programs.artifact()] + arguments, environment: environment, timeout: timeout)
    }

    /// Starts `bst-artifact` in ``directory``.
    public func start(_ arguments: [String], environment: [String: String?] = [:]) throws -> RunningProcess {
        try RunningProcess(
            [Programs.artifact()] + arguments, inputFile: "/dev/null",
            environment: self.environment.merging(environment) { $1 }, directory: directory.path)
    }

    /// Runs a command line in ``directory``, whose words are separated by blanks.
    public func run(_ line: String) throws -> ProcessResult {
        var words = line.split(separator: " ").map(String.init)
        words[0] = try words[0] == "bst-artifact" ? Programs.artifact() : words[0]
        return try run(words)
    }

    /// Runs a command line that must do its work.
    @discardableResult
    public func well(_ line: String, _ location: SourceLocation = #_sourceLocation) throws -> ProcessResult {
        let result = try run(line)
        #expect(result.succeeded, "\(line): \(result.status) \(result.errorText)", sourceLocation: location)
        return result
    }
}

/// A command as one text, as a shell and `--ssh` read it.
public func shellWords(_ arguments: [String]) -> String {
    arguments.map {
        "'" + $0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
    .joined(separator: " ")
}
