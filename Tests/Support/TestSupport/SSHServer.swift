// SPDX-License-Identifier: Apache-2.0
import Foundation

/// An sshd of the test's own on a port of 127.0.0.1, with a host key and a user key made for it.
///
/// Its files, and those of its clients, lie in a temporary directory: no `~/.ssh` and no `/etc/ssh` is
/// touched. It stops, with all sessions, when the last reference goes.
public final class SSHServer: Sendable {
    /// The port on 127.0.0.1.
    public let port: UInt16
    /// The user to log in as.
    public let userName: String
    /// A name for the machine that all the configuration files know.
    public let host = "localhost"
    /// A client's configuration file, for `ssh -F`: says port, user, key and host key.
    public let sshConfigPath: String
    /// The private key that may log in.
    public let identityPath: String
    /// The file with the host's key.
    public let knownHostsPath: String
    /// sshd's process number.
    public var processID: pid_t { server.process.processID }

    private let directory: TemporaryDirectory
    private let server: ServerProcess
    private let logPath: String

    /// Starts a server and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - forceCommand: The command that is run in place of whatever a client asks for.
    ///   - authorizedKeysOptions: What stands before the key in `authorized_keys`, such as
    ///     `restrict,command="…"`.
    ///   - environmentPath: `PATH` of the commands, see ``Programs/searchPath``; the system's if `nil`.
    ///   - user: The user to log in as; the one who runs the tests if `nil`. Another needs root.
    ///   - extraConfiguration: More lines for `sshd_config`.
    public init(
        forceCommand: String? = nil, authorizedKeysOptions: String? = nil, environmentPath: String? = nil,
        user: String? = nil, extraConfiguration: String = ""
    ) throws {
        let directory = try TemporaryDirectory()
        let isRoot = geteuid() == 0
        let userName = user ?? NSUserName()
        guard isRoot || userName == NSUserName() else {
            throw TestSupportError("only root can start an sshd that logs in \(userName)")
        }
        if isRoot {
            mkdir("/run/sshd", 0o755)
        }

        try SSHServer.keys.copy(to: directory.path)
        func publicKey(_ name: String) throws -> String {
            try text(ofFile: directory.path("\(name).pub")).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let hostKey = try publicKey("host_key")
        let prefix = authorizedKeysOptions.map { $0 + " " } ?? ""
        // sshd reads this as the user it logs in.
        let authorizedKeys = try directory.file("authorized_keys", "\(prefix)\(publicKey("user_key"))\n")

        var configuration = """
            ListenAddress 127.0.0.1
            HostKey \(directory.path("host_key"))
            PidFile none
            AuthorizedKeysFile \(authorizedKeys)
            AuthenticationMethods publickey
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin yes
            StrictModes no
            UseDNS no
            PrintMotd no
            LogLevel VERBOSE
            KexAlgorithms curve25519-sha256
            MaxStartups 200
            Subsystem sftp internal-sftp

            """
        // Without PAM, sshd turns away users whose password is locked; PAM itself needs root.
        if isRoot && access("/etc/pam.d/sshd", R_OK) == 0 {
            configuration += "UsePAM yes\n"
        }
        if let environmentPath {
            configuration += "SetEnv \"PATH=\(environmentPath)\"\n"
        }
        if let forceCommand {
            configuration += "ForceCommand \(forceCommand)\n"
        }
        configuration += extraConfiguration + "\n"

        let log = directory.path("sshd.log")
        var started: (server: ServerProcess, port: UInt16)?
        for _ in 0..<10 where started == nil {
            let port = try LoopbackPort.free()
            let file = try directory.file("sshd_config", "Port \(port)\n" + configuration)
            try directory.file("sshd.log", "")
            let server = try ServerProcess.start(
                [Programs.lookUp("sshd"), "-D", "-e", "-f", file], log: log,
                ready: { _ in (try? text(ofFile: log))?.contains("Server listening on 127.0.0.1") ?? false })
            started = server.map { ($0, port) }
        }
        guard let started else { throw TestSupportError("sshd found ten ports taken, one after the other") }
        let port = started.port

        func knownHosts(_ name: String, _ key: String) throws -> String {
            try directory.file(name, key.isEmpty ? "" : "[127.0.0.1]:\(port),[localhost]:\(port) \(key)\n")
        }
        func client(_ name: String, identity: String, knownHosts: String) throws -> String {
            try directory.file(
                name,
                """
                Host *
                HostName 127.0.0.1
                Port \(port)
                User \(userName)
                IdentityFile \(directory.path(identity))
                IdentitiesOnly yes
                IdentityAgent none
                UserKnownHostsFile \(knownHosts)
                GlobalKnownHostsFile /dev/null
                StrictHostKeyChecking yes
                UpdateHostKeys no
                BatchMode yes
                PreferredAuthentications publickey

                """)
        }
        let known = try knownHosts("known_hosts", hostKey)
        sshConfigPath = try client("ssh_config", identity: "user_key", knownHosts: known)
        _ = try client("ssh_config.wrong_key", identity: "other_key", knownHosts: known)
        _ = try client(
            "ssh_config.unknown_host", identity: "user_key", knownHosts: knownHosts("known_hosts.empty", ""))
        _ = try client(
            "ssh_config.changed_host", identity: "user_key",
            knownHosts: knownHosts("known_hosts.changed", publicKey("other_key")))

        self.directory = directory
        server = started.server
        self.port = port
        self.userName = userName
        logPath = log
        identityPath = directory.path("user_key")
        knownHostsPath = known
    }

    /// ssh and its options, for a client that may log in; a host and a command go behind it.
    public var sshCommand: [String] {
        ["ssh", "-F", sshConfigPath]
    }

    /// A command like ``sshCommand`` that does not know the host's key: "Host key verification failed".
    public var unknownHostCommand: [String] {
        ["ssh", "-F", sshConfigPath + ".unknown_host"]
    }

    /// A command like ``sshCommand`` that knows another key for the host: "REMOTE HOST IDENTIFICATION HAS CHANGED".
    public var changedHostCommand: [String] {
        ["ssh", "-F", sshConfigPath + ".changed_host"]
    }

    /// A command like ``sshCommand`` with a key that may not log in: "Permission denied".
    public var wrongKeyCommand: [String] {
        ["ssh", "-F", sshConfigPath + ".wrong_key"]
    }

    /// Runs a command on the server as a client that may log in would.
    public func run(_ command: String, input: ProcessInput = .none, timeout: Double = patience) throws
        -> ProcessResult
    {
        try TestSupport.run(sshCommand + [host, command], input: input, timeout: timeout)
    }

    /// The messages of sshd so far.
    public var log: String {
        (try? text(ofFile: logPath)) ?? ""
    }

    /// Stops it and all sessions, and waits until they are gone. A second time does nothing.
    public func stop() {
        server.stop()
    }

    /// The key pairs of all servers of a run.
    private static let keys = DirectoryPattern { directory in
        for name in ["host_key", "user_key", "other_key"] {
            let path = directory.path(name)
            try TestSupport.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path])
                .checked()
        }
    }
}
