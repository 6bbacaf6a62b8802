// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// How much is said.
struct OutputOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say more, and let the receiver say what it does.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Say nothing but warnings and errors.")
    var quiet = false

    @Flag(help: "Print results as JSON, for programs.")
    var json = false

    var terminal: Terminal { Terminal(form: json ? .json : quiet ? .quiet : .people) }
}

/// The user's configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .customLong("config"), help: "The configuration. (default: $XDG_CONFIG_HOME/buildstream.conf)")
    var file: String?

    func load() throws -> Configuration {
        try Configuration.load(path: file, environment: Environment.all)
    }
}

/// The repository on this machine.
struct RepositoryOptions: ParsableArguments {
    @Option(
        name: .customLong("repo"),
        help: "The repository on this machine. (default: BuildStream's local artifact cache)")
    var path: String?

    /// Opens the repository. BuildStream's own is made where it does not exist yet, as BuildStream does.
    func open(_ configuration: Configuration) throws -> Repository {
        if let path { return try named(path) }
        let path = try configuration.localRepositoryPath
        if try Directory.exists("\(path)/config") { return try Repository(path) }
        try Directory.makeParents(of: path)
        return try Repository.create(path, mode: .bareUser)
    }

    /// Opens the repository for changes: what is made from now on gets the permissions that it asks for.
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

/// Where to pull from or push to.
struct RemoteOptions: ParsableArguments {
    @Option(
        name: .customLong("remote"),
        help: ArgumentHelp(
            "The cache: a URL, HOST:PATH, a path, a remote of the repository, or a project of the configuration. (default: the caches of the configuration)",
            valueName: "name-or-url"))
    var remote: String?
}

/// How ssh and receivers are started.
struct ReceiverOptions: ParsableArguments {
    @Option(
        name: .customLong("ssh"),
        help: ArgumentHelp(
            "The ssh program, with options. (default: $BST_ARTIFACT_SSH, or ssh)", valueName: "command"))
    var ssh: String?

    @Option(
        name: .customLong("receiver"),
        help: ArgumentHelp("The receiver's program at the remote.", valueName: "command"))
    var receiver: String?

    @Option(name: .customLong("protocol"), help: "The protocol's version: 1, or 0 for the first ostree-push.")
    var version: UInt8 = 1

    @Option(
        help: ArgumentHelp("Give up on a receiver that does nothing for so long.", valueName: "seconds"))
    var timeout: Int32 = 600

    func validate() throws {
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("A time limit is between 1 and 86400 seconds.")
        }
        guard ProtocolVersion(rawValue: version) != nil else {
            throw ValidationError("There is no version \(version) of the protocol: name 0 or 1.")
        }
    }

    func options(isVerbose: Bool) -> Pusher.Options {
        var options = Pusher.Options()
        options.receiver.version = ProtocolVersion(rawValue: version) ?? .one
        options.receiver.receiver = receiver
        options.receiver.ssh = ssh ?? Environment["BST_ARTIFACT_SSH"] ?? "ssh"
        options.receiver.isVerbose = isVerbose
        options.patience = timeout
        if let list = Environment.all["BST_ARTIFACT_ABILITIES"] {
            options.capabilities = Capability.parse(list)
        }
        return options
    }
}

/// How web servers are trusted and convinced.
struct WebArguments: ParsableArguments {
    @Option(
        name: .customLong("ca"),
        help: ArgumentHelp("Certificates to trust instead of the system's.", valueName: "file"))
    var authorities: String?

    @Option(
        name: .customLong("client-cert"),
        help: ArgumentHelp("A client certificate, with its key or --client-key.", valueName: "file"))
    var certificate: String?

    @Option(
        name: .customLong("client-key"),
        help: ArgumentHelp("The client certificate's key.", valueName: "file"))
    var key: String?

    @Option(
        name: .customLong("token-file"), help: ArgumentHelp("A file with a bearer token.", valueName: "file"))
    var token: String?

    @Option(
        name: .customLong("header-file"),
        help: ArgumentHelp("A file with a header 'Name: value' to send.", valueName: "file"))
    var header: String?

    @Flag(help: "Send the user and password that ~/.netrc has for the remote's host, to it alone.")
    var netrc = false

    @Option(
        help: ArgumentHelp(
            "The same with another file. (default: $BST_ARTIFACT_NETRC, if that is set)", valueName: "file"))
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
