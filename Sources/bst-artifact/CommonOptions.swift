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

struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The configuration file. (default: $XDG_CONFIG_HOME/buildstream.conf)")
    var config: String?

    func load() throws -> Configuration {
        try Configuration.load(path: config, environment: Environment.all)
    }
}

/// The options for the local repository, for the configuration that may name it, and for output.
struct LocalOptions: ParsableArguments {
    @Option(help: "The local repository. (default: BuildStream's artifact cache)")
    var repo: String?

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    var terminal: Terminal { output.terminal }

    /// Opens the repository. Creates BuildStream's own one if it does not exist, as BuildStream does.
    func open() throws -> Repository {
        let configuration = try configuration.load()
        let path = try repo ?? configuration.localRepositoryPath
        if try Directory.exists("\(path)/config") { return try Repository(path) }
        guard repo == nil else {
            throw RepositoryError(
                .notARepository,
                "there is no repository at \(path): make one with 'bst-artifact init \(path)'")
        }
        try Directory.makeParents(of: path)
        return try Repository.create(path, mode: .bareUser)
    }

    /// Opens the repository and sets the umask that its permissions ask for.
    func openForChanges() throws -> Repository {
        let repository = try open()
        repository.permissions.adopt()
        return repository
    }
}

/// The option for the cache to pull from or push to.
struct RemoteOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The cache: a URL, HOST:PATH, a path, a remote of the repository, or a project of the configuration. (default: the configured caches)",
            valueName: "name-or-url"))
    var remote: String?
}

/// Options for starting receivers, here or through ssh.
struct ReceiverOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The ssh program and its options. (default: $BST_ARTIFACT_SSH, or ssh)", valueName: "command"))
    var ssh: String?

    @Option(help: ArgumentHelp("The receiver's program on the remote.", valueName: "command"))
    var receiver: String?

    @Option(
        name: .customLong("protocol"),
        help: "The protocol version: 1, or 0 for the original ostree-push. (default: 1)",
        transform: { try ProtocolVersion(option: $0) })
    var version = ProtocolVersion.one

    @Option(
        help: ArgumentHelp(
            "Give up on a receiver that is inactive for this long, 1 to 86400.", valueName: "seconds"))
    var timeout = TimeLimit(seconds: 600)

    func options(isVerbose: Bool) -> Pusher.Options {
        var options = Pusher.Options()
        options.receiver.version = version
        options.receiver.receiver = receiver
        options.receiver.ssh = ssh ?? Environment["BST_ARTIFACT_SSH"] ?? "ssh"
        options.receiver.isVerbose = isVerbose
        options.timeout = timeout.duration
        options.capabilities = Capability.ofEnvironment ?? options.capabilities
        return options
    }
}

/// Options for trust in web servers and credentials for them.
struct WebArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("Trust the certificates in this file instead of the system's.", valueName: "file"))
    var ca: String?

    @Option(
        help: ArgumentHelp(
            "A client certificate, with its key unless there is --client-key.", valueName: "file"))
    var clientCert: String?

    @Option(help: ArgumentHelp("The key of the client certificate.", valueName: "file"))
    var clientKey: String?

    @Option(help: ArgumentHelp("A file that contains a bearer token.", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("A file that contains a header to send, 'Name: value'.", valueName: "file"))
    var headerFile: String?

    @Flag(help: "Send the user and password in ~/.netrc for the remote's host, to this host only.")
    var netrc = false

    @Option(
        help: ArgumentHelp(
            "Like --netrc, with another file. (default: $BST_ARTIFACT_NETRC, if set)", valueName: "file"))
    var netrcFile: String?

    func options(_ terminal: Terminal) throws -> WebOptions {
        var options = WebOptions()
        options.showPause = { terminal.warn($0) }
        options.showWarning = options.showPause
        options.authorities = ca
        options.clientCertificate = clientCert
        options.clientKey = clientKey
        if let tokenFile { try options.useToken(from: tokenFile) }
        if let headerFile { try options.useHeader(from: headerFile) }
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
