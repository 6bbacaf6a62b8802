// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// Serves a repository until a signal stops the process.
public struct Server {
    /// The settings of a server.
    public struct Options: Sendable {
        /// The settings of the site.
        public var site = Site.Options()
        /// The limits on connections.
        public var limits = WebDaemon.Limits()
        /// The access log.
        public var log: AccessLogFile?
        /// The certificate; nil for plain HTTP.
        public var certificate: Certificate?
        /// The time that requests under way have to end after a signal.
        public var shutdownTimeout = Duration.seconds(10)
        /// The interval at which pulls are recorded.
        public var recordingInterval = Duration.seconds(60)

        /// Creates the default settings.
        public init() {}
    }

    /// Serves until SIGTERM or SIGINT arrives.
    ///
    /// - Parameters:
    ///   - ready: called once the server accepts requests.
    ///   - warn: called with messages about problems that do not stop the server.
    /// - Returns: the number of requests that were broken off.
    public static func run(
        _ repository: Repository, at socket: ListeningSocket, _ options: Options, ready: () -> Void,
        warn: @escaping @Sendable (String) -> Void
    ) throws -> Int {
        ResourceLimit.raiseFiles()
        // Threads inherit the mask, so only sigwait below receives the signals.
        var signals = Signals.set(SIGTERM, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        let catalogue = try Catalogue(repository)
        let accesses = AccessCollector(repository, complain: warn)
        let site = try Site(repository, catalogue: catalogue, accesses: accesses, options: options.site)
        let daemon = try WebDaemon(
            site, at: socket, certificate: options.certificate, log: options.log, limits: options.limits)
        let threads = [
            try Thread { catalogue.run() }, try Thread { accesses.run(every: options.recordingInterval) },
        ]
        ServiceManager.notify("READY=1\nSTATUS=Serving at \(socket.address)")
        ready()

        var signal: Int32 = 0
        while sigwait(&signals, &signal) != 0 {}
        ServiceManager.notify("STOPPING=1")
        // A second signal ends the process at once.
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let left = daemon.stop(timeout: options.shutdownTimeout)
        catalogue.stop()
        accesses.stop()
        for thread in threads { thread.join() }
        return left
    }
}
