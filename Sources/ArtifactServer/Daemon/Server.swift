// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// A repository that is served until the process is told to stop.
public struct Server {
    /// How it is served.
    public struct Options: Sendable {
        /// What is answered.
        public var site = Site.Options()
        /// How many at once.
        public var limits = WebDaemon.Limits()
        /// Where requests are logged.
        public var log: AccessLogFile?
        /// The certificate; without one it is HTTP.
        public var certificate: Certificate?
        /// How many milliseconds requests have to end once the server is to stop.
        public var patience: UInt64 = 10_000
        /// How often the repository is told what was pulled, in milliseconds.
        public var notingInterval: UInt64 = 60_000

        /// The usual.
        public init() {}
    }

    /// Serves until SIGTERM or SIGINT arrives.
    ///
    /// - Parameters:
    ///   - ready: called once connections are answered.
    ///   - warn: told what does not work as it should.
    /// - Returns: how many requests were broken off at the end.
    public static func run(
        _ repository: Repository, at socket: ListeningSocket, _ options: Options, ready: () -> Void,
        warn: @escaping @Sendable (String) -> Void
    ) throws -> Int {
        raiseFileLimit()
        // Threads inherit what is blocked, so that the signals wait for this one.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        let catalogue = try Catalogue(repository)
        let uses = UseCollector(repository, complain: warn)
        let site = try Site(repository, catalogue: catalogue, uses: uses, options: options.site)
        let daemon = try WebDaemon(
            site, at: socket, certificate: options.certificate, log: options.log, limits: options.limits)
        let threads = [
            try Thread { catalogue.run() }, try Thread { uses.run(every: options.notingInterval) },
        ]
        ServiceManager.tell("READY=1\nSTATUS=Serving at \(socket.address)")
        ready()

        var signal: Int32 = 0
        while sigwait(&signals, &signal) != 0 {}
        ServiceManager.tell("STOPPING=1")
        // A second one does not wait.
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let left = daemon.stop(patience: options.patience)
        catalogue.stop()
        uses.stop()
        for thread in threads { thread.join() }
        return left
    }

    /// Each connection needs two descriptors, and the usual limit is 1024.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
