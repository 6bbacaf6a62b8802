// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import ArtifactServer
import Glibc
import SystemCalls
import TextCoding

extension Site.Options.Audience: ExpressibleByArgument {}

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves a repository over HTTPS, with a page that lists its artifacts.",
        discussion: """
            For servers that have no other web server. Without --certificate, a self-signed one is made on first use, and its \
            fingerprint is printed. SIGTERM or Ctrl-C stops the server once the requests under way have ended.

              bst-artifact serve /srv/artifacts
              bst-artifact pull --ca FILE --remote https://HOST:8443 hello/base/4f2a
            """)

    @Argument(help: ArgumentHelp("The repository, of mode archive.", valueName: "repo"))
    var path: String

    @Option(help: "The address to listen on: ADDRESS:PORT, :PORT or PORT; port 0 is any free one.")
    var listen = "[::]:8443"

    @Flag(name: .customLong("http"), help: "Serve without encryption, for this machine or behind a proxy.")
    var isPlain = false

    @Option(help: ArgumentHelp("The certificate and its chain (PEM).", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("The certificate's key (PEM, without a passphrase).", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "A name or address of this server for the self-signed certificate. May be repeated.",
            valueName: "name"))
    var host: [String] = []

    @Option(
        help: ArgumentHelp(
            "The directory of the self-signed certificate. (default: $STATE_DIRECTORY, or bst-artifact/serve below $XDG_STATE_HOME)",
            valueName: "directory"))
    var state: String?

    @Option(
        help: "This server's URL, for the commands on the page. (default: the host that the client names)")
    var url: String?

    @Option(help: ArgumentHelp("Log requests to this file, in the combined format.", valueName: "file"))
    var accessLog: String?

    @Option(help: ArgumentHelp("The clients that may read /metrics.", valueName: "who"))
    var metrics = Site.Options.Audience.loopback

    @Option(help: ArgumentHelp("The most connections at once.", valueName: "number"))
    var maxConnections: UInt32 = 1024

    @Option(
        help: ArgumentHelp(
            "The most connections at once from one address. (default: half of them; all with --http)",
            valueName: "number"))
    var maxConnectionsPerAddress: UInt32?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("A certificate and its key go together: name both --certificate and --key.")
        }
        if isPlain && (certificate != nil || !host.isEmpty || state != nil) {
            throw ValidationError(
                "Without encryption there is no certificate: leave out --http, or --certificate, --key, --host and --state."
            )
        }
        if certificate != nil && (!host.isEmpty || state != nil) {
            throw ValidationError(
                "With a certificate of yours none is made: leave out --certificate and --key, or --host and --state."
            )
        }
        guard ListenAddress(listen) != nil else {
            throw ValidationError(
                "'\(listen)' is no place to listen: write 127.0.0.1:8443, [::1]:8443 or :8443.")
        }
        guard (16...100_000).contains(maxConnections) else {
            throw ValidationError("Connections are between 16 and 100000.")
        }
        guard (8...maxConnections).contains(connectionsPerAddress) else {
            throw ValidationError(
                "Connections from one address are between 8 and \(maxConnections), which --max-connections is."
            )
        }
        if let url, !Site.isURL(url) {
            throw ValidationError("'\(url)' is no URL of a web server: write https://HOST/PATH.")
        }
        if let host = host.first(where: { !SelfSigned.isHost($0) }) {
            throw ValidationError("'\(host)' is neither a host's name nor an address.")
        }
    }

    private var connectionsPerAddress: UInt32 {
        maxConnectionsPerAddress ?? (isPlain ? maxConnections : maxConnections / 2)
    }

    func run() throws {
        let repository = try Repository(path)
        repository.permissions.adopt()
        var options = Server.Options()
        options.limits.connections = maxConnections
        options.limits.connectionsPerAddress = connectionsPerAddress
        options.site.metrics = metrics
        options.site.isEncrypted = !isPlain
        options.site.url = url.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        let own = try readCertificate(&options)
        if let accessLog { options.log = try AccessLogFile(accessLog) }
        // validate() has checked it.
        let place = ListenAddress(listen) ?? ListenAddress.anywhere
        let socket = try place.open()
        let terminal = output.terminal
        if isPlain && !socket.isLoopback {
            terminal.warn(
                "what is served can be read and changed on its way: --http is for this machine and for proxies"
            )
        }
        let left = try Server.run(
            repository, at: socket, options,
            ready: {
                let scheme = isPlain ? "http" : "https"
                terminal.say("\(repository.path): served at \(scheme)://\(socket.place)/")
                if let own {
                    terminal.say("\(own.isNew ? "made a certificate" : "certificate"): \(own.path)")
                    terminal.say("SHA-256 fingerprint: \(own.certificate.fingerprint)")
                    terminal.say("clients trust it with: --ca FILE, a copy of it")
                }
                terminal.emit([
                    "repository": JSON(repository.path), "url": JSON("\(scheme)://\(socket.place)/"),
                    "certificate": JSON(own?.path ?? certificate),
                    "fingerprint": JSON(own?.certificate.fingerprint),
                ])
                fflush(nil)
            }, warn: { terminal.warn($0) })
        if left > 0 { terminal.warn("\(Format.count(left, "request")) broken off") }
        terminal.say("\(repository.path): no longer served")
    }

    /// Sets the certificate, and makes a self-signed one if none was given.
    ///
    /// - Returns: the self-signed certificate; nil if another one is used.
    private func readCertificate(
        _ options: inout Server.Options
    ) throws -> (certificate: Certificate, path: String, isNew: Bool)? {
        if isPlain { return nil }
        if let certificate, let key {
            options.certificate = try Certificate(certificate: certificate, key: key)
            return nil
        }
        let directory = try state ?? ServeCommand.stateDirectory()
        try Directory.makeParents(of: directory + "/")
        let own = try SelfSigned.certificate(in: directory, hosts: host + SelfSigned.usualHosts)
        options.certificate = own.certificate
        options.site.certificate = own.certificate
        return own
    }

    /// Returns the default directory of the self-signed certificate.
    private static func stateDirectory() throws -> String {
        // systemd lists several, separated by colons.
        if let directory = Environment["STATE_DIRECTORY"]?.split(separator: ":").first {
            return String(directory)
        }
        if let directory = Environment["XDG_STATE_HOME"], directory.hasPrefix("/") {
            return "\(directory)/bst-artifact/serve"
        }
        guard let home = Environment["HOME"], home.hasPrefix("/") else {
            throw ServerError(
                "there is no place for a certificate: set HOME, or name a directory with --state")
        }
        return "\(home)/.local/state/bst-artifact/serve"
    }
}

/// A parsed value of `--listen`.
private struct ListenAddress {
    let host: String
    let port: UInt16

    static let anywhere = ListenAddress(host: "::", port: 8443)

    private init(host: String, port: UInt16) {
        (self.host, self.port) = (host, port)
    }

    init?(_ text: String) {
        let colon = text.lastIndex(of: ":")
        let digits = colon.map { text[$0...].dropFirst() } ?? text[...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        var host = colon.map { text[..<$0] } ?? ""
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.init(host: host.isEmpty ? "::" : String(host), port: port)
    }

    /// Binds the address. Without IPv6, `::` stands for all addresses of IPv4.
    func open() throws -> ListeningSocket {
        guard host == "::", let socket = try? ListeningSocket(host: host, port: port) else {
            return try ListeningSocket(host: host == "::" ? "0.0.0.0" : host, port: port)
        }
        return socket
    }
}
