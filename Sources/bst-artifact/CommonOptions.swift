// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import CommandLineSupport
import SystemCalls

/// Options for the form and amount of output.
struct OutputOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print more, including the receiver's log.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Print only warnings and errors.")
    var quiet = false

    @Flag(help: "Print results as JSON.")
    var json = false

    var terminal: Terminal { Terminal(form: json ? .json : quiet ? .quiet : .people) }
}

/// The option for BuildStream's configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: "The configuration file. (default: $XDG_CONFIG_HOME/buildstream.conf)")
    var file: String?

    func load() throws -> Configuration {
        try Configuration.load(path: file, environment: Environment.all)
    }
}

/// The option for the local repository.
struct RepositoryOptions: ParsableArguments {
    @Option(
        name: .customLong("repo"),
        help: "The local repository. (default: BuildStream's artifact cache)")
    var path: String?

    /// Opens the repository. Creates BuildStream's own one if it does not exist, as BuildStream does.
    func open(_ configuration: Configuration) throws -> Repository {
        if let path { return try named(path) }
        let path = try configuration.localRepositoryPath
        if try Directory.exists("\(path)/config") { return try Repository(path) }
        try Directory.makeParents(of: path)
        return try Repository.create(path, mode: .bareUser)
    }

    /// Opens the repository and sets the umask that its permissions ask for.
    func openForChanges(_ configuration: Configuration) throws -> Repository {
        let repository = try open(configuration)
        repository.permissions.adopt()
        return repository
    }

    private func named(_ path: String) throws -> Repository {
        guard try Directory.exists("\(path)/config") else {
            throw RepositoryError(
                .notARepository,
                "there is no repository at \(path): make one with 'bst-artifact init \(path)'")
        }
        return try Repository(path)
    }
}

/// The option for the cache to pull from or push to.
struct RemoteOptions: ParsableArguments {
    @Option(
        name: .customLong("remote"),
        help: ArgumentHelp(
            "The cache: a URL, HOST:PATH, a path, a remote of the repository, or a project of the configuration. (default: the configured caches)",
            valueName: "name-or-url"))
    var remote: String?
}

/// Options for starting receivers, here or through ssh.
struct ReceiverOptions: ParsableArguments {
    @Option(
        name: .customLong("ssh"),
        help: ArgumentHelp(
            "The ssh program and its options. (default: $BST_ARTIFACT_SSH, or ssh)", valueName: "command"))
    var ssh: String?

    @Option(
        name: .customLong("receiver"),
        help: ArgumentHelp("The receiver's program on the remote.", valueName: "command"))
    var receiver: String?

    @Option(
        name: .customLong("protocol"), help: "The protocol version: 1, or 0 for the original ostree-push.")
    var version: UInt8 = 1

    @Option(
        help: ArgumentHelp("Give up on a receiver that is inactive for this long.", valueName: "seconds"))
    var timeout: Int32 = 600

    func validate() throws {
        _ = try Duration(timeoutOption: timeout)
        _ = try ProtocolVersion(option: version)
    }

    func options(isVerbose: Bool) -> Pusher.Options {
        var options = Pusher.Options()
        options.receiver.version = ProtocolVersion(rawValue: version) ?? .one
        options.receiver.receiver = receiver
        options.receiver.ssh = ssh ?? Environment["BST_ARTIFACT_SSH"] ?? "ssh"
        options.receiver.isVerbose = isVerbose
        options.timeout = .seconds(timeout)
        if let list = Environment.all["BST_ARTIFACT_ABILITIES"] {
            options.capabilities = Capability.parse(list)
        }
        return options
    }
}

/// Options for trust in web servers and credentials for them.
struct WebArguments: ParsableArguments {
    @Option(
        name: .customLong("ca"),
        help: ArgumentHelp("Trust the certificates in this file instead of the system's.", valueName: "file"))
    var authorities: String?

    @Option(
        name: .customLong("client-cert"),
        help: ArgumentHelp(
            "A client certificate, with its key unless there is --client-key.", valueName: "file"))
    var certificate: String?

    @Option(
        name: .customLong("client-key"),
        help: ArgumentHelp("The key of the client certificate.", valueName: "file"))
    var key: String?

    @Option(
        name: .customLong("token-file"),
        help: ArgumentHelp("A file that contains a bearer token.", valueName: "file"))
    var token: String?

    @Option(
        name: .customLong("header-file"),
        help: ArgumentHelp("A file that contains a header to send, 'Name: value'.", valueName: "file"))
    var header: String?

    @Flag(help: "Send the user and password in ~/.netrc for the remote's host, to this host only.")
    var netrc = false

    @Option(
        help: ArgumentHelp(
            "Like --netrc, with another file. (default: $BST_ARTIFACT_NETRC, if set)", valueName: "file"))
    var netrcFile: String?

    func options(_ terminal: Terminal) throws -> WebOptions {
        var options = WebOptions()
        options.showPause = { terminal.warn($0) }
        options.authorities = authorities
        options.clientCertificate = certificate
        options.clientKey = key
        if let token { try options.useToken(from: token) }
        if let header { try options.useHeader(from: header) }
        if let file = try chosenNetrc { try options.useNetrc(file) }
        return options
    }

    private var chosenNetrc: String? {
        get throws {
            if let netrcFile { return netrcFile }
            if !netrc { return Environment["BST_ARTIFACT_NETRC"].flatMap { $0.isEmpty ? nil : $0 } }
            guard let home = Environment["HOME"], !home.isEmpty else {
                throw ClientError(
                    .unsuitableRemote,
                    "cannot find .netrc, since HOME is not set: set it, or name the file with --netrc-file")
            }
            return "\(home)/.netrc"
        }
    }
}
