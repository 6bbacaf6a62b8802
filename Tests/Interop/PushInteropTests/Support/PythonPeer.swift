// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// `artifact_peer.py`, which stands for BuildStream 1.0.
enum PythonPeer {
    /// Its command line.
    static func command(_ arguments: [String]) throws -> [String] {
        // Debian's OSTree bindings belong to this Python.
        ["/usr/bin/python3", try Programs.peerScript()] + arguments
    }

    /// Its command line as a receiver, as one text for a shell.
    static func receiver(_ options: [String] = []) throws -> String {
        shellWords(try command(["receive"] + options))
    }

    /// Pushes with it.
    static func push(
        _ refs: [String], from repository: String, _ options: [String] = [], to receiver: [String]
    ) throws -> ProcessResult {
        let refs = refs.flatMap { ["--ref", $0] }
        return try run(command(["push", "--repo", repository] + refs + options + ["--"] + receiver))
    }

    /// Has it check a connection.
    static func hello(_ options: [String] = [], to receiver: [String]) throws -> ProcessResult {
        try run(command(["hello"] + options + ["--"] + receiver))
    }

    /// The bytes that it writes in a push.
    static func stream(_ refs: [String], from repository: String, _ options: [String] = []) throws -> [UInt8]
    {
        let refs = refs.flatMap { ["--ref", $0] }
        return try run(command(["stream", "--repo", repository] + refs + options)).checked().output
    }
}
