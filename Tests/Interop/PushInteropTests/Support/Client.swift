// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// The built `bst-artifact`, away from the configuration and the ssh settings of whoever runs the tests.
enum Client {
    /// An environment in which nothing of the tester's own counts.
    static let environment: [String: String?] = [
        "XDG_CONFIG_HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "BST_ARTIFACT_SSH": nil,
    ]

    /// Lets programs know all capabilities, also where the whole suite runs without any.
    static let allAbilities: [String: String?] = ["BST_ARTIFACT_ABILITIES": nil]

    /// Runs it.
    static func run(
        _ arguments: [String], environment: [String: String?] = [:], timeout: Double = 120
    ) throws -> ProcessResult {
        try TestSupport.run(
            [Programs.artifact()] + arguments, environment: Client.environment.merging(environment) { $1 },
            timeout: timeout)
    }

    /// Starts it.
    static func start(_ arguments: [String], environment: [String: String?] = [:]) throws -> RunningProcess {
        try RunningProcess(
            [Programs.artifact()] + arguments, inputFile: "/dev/null",
            environment: Client.environment.merging(environment) { $1 })
    }

    /// The arguments of a push.
    static func pushing(
        _ refs: [String], from repository: String, to remote: String, _ options: [String] = []
    ) -> [String] {
        ["push", "--repo", repository, "--remote", remote] + options + refs
    }

    /// Pushes.
    static func push(
        _ refs: [String], from repository: String, to remote: String, _ options: [String] = [],
        environment: [String: String?] = [:], timeout: Double = 120
    ) throws -> ProcessResult {
        try run(
            pushing(refs, from: repository, to: remote, options), environment: environment, timeout: timeout)
    }

    /// Pushes over the ssh of a test's own server.
    static func push(
        _ refs: [String], from repository: String, to remote: String, over server: SSHServer,
        _ options: [String] = [], environment: [String: String?] = [:]
    ) throws -> ProcessResult {
        try push(
            refs, from: repository, to: remote, ["--ssh", shellWords(server.sshCommand)] + options,
            environment: environment)
    }
}

/// A command as one text, as a shell and `--ssh` read it.
func shellWords(_ arguments: [String]) -> String {
    arguments.map {
        "'" + $0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
    .joined(separator: " ")
}
