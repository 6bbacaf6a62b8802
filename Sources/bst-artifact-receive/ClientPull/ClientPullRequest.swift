// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol

/// The request of a client of ostree-push 1.x, which serves its repository on a port that ssh forwards, and has the server
/// pull from there.
struct ClientPullRequest: Equatable, Sendable {
    /// The address of the client's repository: `http://127.0.0.1:PORT`.
    let url: String
    /// The forwarded port.
    let port: UInt16
    /// The refs; all of the client's summary if there are none.
    let refs: [RefName]
    /// Takes refs that are not newer, or have the same content, too.
    var isForced = false
    /// Changes nothing.
    var isDryRun = false
    /// Updates the summary afterwards.
    var updatesSummary = true
    /// Says nothing but warnings.
    var isQuiet = false

    private static let prefixes = ["http://127.0.0.1:", "http://localhost:"]

    /// Checks an address and names of refs.
    ///
    /// - Throws: `ProtocolError` with `outOfOrder` if the address is no port of this machine, or a name is no ref's.
    init(url: String, refs: [String]) throws(ProtocolError) {
        let rest = ClientPullRequest.prefixes.lazy.compactMap { prefix in
            url.hasPrefix(prefix) ? url.dropFirst(prefix.count) : nil
        }.first
        guard let rest, let port = UInt16(rest.hasSuffix("/") ? rest.dropLast() : rest), port > 0 else {
            throw ProtocolError(
                .outOfOrder,
                "nothing is pulled from '\(url.forDisplay(limit: 200))', since only a port that ssh forwards is pulled from: push "
                    + "with ostree-push, which has an address like http://127.0.0.1:40001")
        }
        // No resolver decides which host is meant.
        self.url = "http://127.0.0.1:\(port)"
        self.port = port
        var names: [RefName] = []
        for ref in refs {
            guard let name = RefName(ref) else {
                throw ProtocolError(
                    .outOfOrder,
                    "nothing is pulled, since '\(ref.forDisplay(limit: 200))' is no name of a ref: push refs by their names"
                )
            }
            names.append(name)
        }
        self.refs = names
    }
}

/// Options of the pull that a client of ostree-push 1.x asks for.
struct ClientPullOptions: ParsableArguments {
    @Flag(name: [.customShort("n"), .long], help: "Change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Take refs that are not newer than here, or have the same content, too.")
    var force = false

    @Flag(name: .customLong("no-update"), help: "Do not update the summary.")
    var leavesSummary = false

    @Flag(name: .shortAndLong, help: "Say nothing but warnings.")
    var quiet = false

    @Argument(
        help: "The address of the client's repository, http://127.0.0.1:PORT, and the refs. (default: all)")
    var url: String?

    // Not in the completions: zsh takes no list of arguments beside the subcommand 'help', which each program has.
    @Argument(help: .private)
    var refs: [String] = []

    /// Returns true if a word is one of the flags.
    static func hasFlag(_ word: String) -> Bool {
        guard word.hasPrefix("-"), let options = try? parse([word]) else { return false }
        return options.url == nil
    }

    /// The request that flags, an address and refs make.
    static func request(
        _ flags: [String], url: String, refs: [String]
    ) throws(ProtocolError) -> ClientPullRequest {
        guard let options = try? parse(flags) else {
            throw ProtocolError(
                .malformed,
                "nothing is pulled, since the options \(flags.joined(separator: " ").forDisplay(limit: 200)) do not go "
                    + "together: push without them")
        }
        return try options.request(url: url, refs: refs)
    }

    /// The request; nil without an address.
    func request() throws -> ClientPullRequest? {
        try url.map { try request(url: $0, refs: refs) }
    }

    private func request(url: String, refs: [String]) throws(ProtocolError) -> ClientPullRequest {
        var request = try ClientPullRequest(url: url, refs: refs)
        request.isForced = force
        request.isDryRun = dryRun
        request.updatesSummary = !leavesSummary
        request.isQuiet = quiet
        return request
    }
}
