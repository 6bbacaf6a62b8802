// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// A program of the cache's owner that is told of edits, as git's hooks are.
///
/// It is started when the receiver starts, by a shell that waits for its turn: later the receiver has given up the right
/// to start programs. Its output goes to the receiver's standard error, and so to the client.
public final class Hook: @unchecked Sendable {
    // One thread uses it, hence @unchecked Sendable.
    private let program: String
    private let process: ChildProcess

    /// Prepares a program, which gets the repository's path as its argument.
    ///
    /// - Throws: `RepositoryError` if it is no program.
    public init(_ program: String, repository: String) throws {
        guard Directory.isExecutable(program) else {
            throw RepositoryError(
                .notAllowed,
                "hook \(program) cannot be run: check the path, and that this user may execute it")
        }
        self.program = program
        process = try ChildProcess(
            [
                "/bin/sh", "-c",
                """
                IFS= read -r OSTREE_RECEIVE_REFS && OSTREE_RECEIVE_REPO=$1 && \
                export OSTREE_RECEIVE_REFS OSTREE_RECEIVE_REPO && exec "$0" "$@"
                """, program, repository,
            ],
            mergesOutput: true)
    }

    /// The longest list of refs in an environment variable, in bytes: the kernel takes 128 KiB.
    private static let longestList = 100_000

    /// Runs it, with a line `OLD NEW REF` for each edit on its standard input; 64 zeros stand for no commit. As hooks of
    /// ostree-push, it has the repository in OSTREE_RECEIVE_REPO, and the refs in OSTREE_RECEIVE_REFS, unless these are too many.
    ///
    /// - Returns: the reason of its failure; nil if it returned 0.
    func run(_ edits: [RefEditResult]) -> String? {
        let lines = edits.map {
            "\(Checksum.hexOrZeros($0.old)) \(Checksum.hexOrZeros($0.new)) \($0.ref)\n"
        }.joined()
        let refs = edits.map(\.ref.text).joined(separator: " ")
        // A hook that does not read is no failure.
        try? process.input?.writeAll(
            Array("\(refs.utf8.count <= Hook.longestList ? refs : "")\n\(lines)".utf8))
        switch process.wait() {
        case .status(0): return nil
        case .status(let status): return "it ended with status \(status)"
        case .signal(let signal): return "it was killed by signal \(signal)"
        }
    }
}
