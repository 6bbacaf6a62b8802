// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The refs of a remote, as far as a client can know them.
enum RemoteRefs {
    /// The refs that the remote named; others do not exist there.
    case known([RefName: Checksum])
    /// The remote does not name its refs.
    case unknown

    /// Asks the receiver or, where it does not name refs, the web server from which its cache is pulled.
    ///
    /// Receivers of BuildStream never name refs. Those with a capability of ours, those of version 0, and those that
    /// name at least one ref, name all of them.
    init(
        _ refs: [RefName], told info: Info, by connection: ReceiverConnection, of remote: String,
        _ options: Pusher.Options
    ) throws {
        let session = connection.session
        if session.version == .zero || !session.capabilities.isEmpty || !info.refs.isEmpty {
            self = .known(info.refs)
            return
        }
        var web = options.web
        web.attempts = 1
        web.timeout = min(web.timeout, RemoteRefs.timeout)
        web.timeLimit = RemoteRefs.timeout
        web.cancellation = options.cancellation
        do {
            let address = try Pusher.pullAddress(told: info.pullURL, by: remote)
            self = .known(try RemoteRepository(address, options: web).resolve(refs))
        } catch let error as ClientError where error.code == .cancelled {
            throw error
        } catch {
            // The push can do without.
            self = .unknown
        }
    }

    /// The time limit for a web server.
    private static let timeout: Duration = .seconds(10)

    /// True if the remote told where its refs are.
    var isKnown: Bool { if case .known = self { true } else { false } }

    /// The commit of a ref that is known to be there.
    subscript(ref: RefName) -> Checksum? {
        if case .known(let refs) = self { refs[ref] } else { nil }
    }
}
