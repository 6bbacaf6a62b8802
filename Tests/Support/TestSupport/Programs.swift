// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Paths of the programs that tests run.
public enum Programs {
    /// The root of the repository that holds these tests.
    public static let repositoryRoot: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 {
            url.deleteLastPathComponent()
        }
        return url.path
    }()

    /// The directory of built programs: that of the test bundle, which is the running program.
    public static let productsDirectory: String = {
        let running = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return ((running ?? CommandLine.arguments[0]) as NSString).deletingLastPathComponent
    }()

    /// The directory of `bst-artifact` and `bst-artifact-receive`: `$TEST_PROGRAMS`, such as that of a release build, whose
    /// programs start in a third of the time, or else ``productsDirectory``.
    private static let programsDirectory: String = {
        let chosen = ProcessInfo.processInfo.environment["TEST_PROGRAMS"] ?? ""
        return chosen.isEmpty ? productsDirectory : chosen
    }()

    /// `PATH` for a shell that finds built programs before installed ones.
    public static var searchPath: String {
        let inherited = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return "\(programsDirectory):\(productsDirectory):\(inherited)"
    }

    /// The path of the built `bst-artifact`.
    ///
    /// - Throws: when it was not built.
    public static func artifact() throws -> String {
        try built("bst-artifact", in: programsDirectory)
    }

    /// The path of the built `bst-artifact-receive`.
    ///
    /// - Throws: when it was not built.
    public static func receiver() throws -> String {
        try built("bst-artifact-receive", in: programsDirectory)
    }

    /// The path of the built `peak-memory`, which tells how much memory a program had at most.
    ///
    /// - Throws: when it was not built.
    public static func peakMemory() throws -> String {
        try built("peak-memory")
    }

    /// The path of the built `refuse-calls`, which lets system calls of a program fail.
    ///
    /// - Throws: when it was not built.
    public static func refuseCalls() throws -> String {
        try built("refuse-calls")
    }

    /// The path of the built `torture`.
    ///
    /// - Throws: when it was not built.
    public static func torture() throws -> String {
        try built("torture")
    }

    /// The path of the independent Python peer, to be run with ``peersPython()``.
    ///
    /// - Throws: when it is not there.
    public static func peerScript() throws -> String {
        let path = "\(repositoryRoot)/Interop/Peers/artifact_peer.py"
        guard access(path, R_OK) == 0 else {
            throw TestSupportError("\(path) is missing: restore it with `git checkout Interop/Peers`")
        }
        return path
    }

    /// The virtual environment of the Python peers: `$PEERS_VENV`, or `.build/peers-venv` of the repository.
    ///
    /// - Throws: when it is not there.
    public static func peersEnvironment() throws -> String {
        let path =
            ProcessInfo.processInfo.environment["PEERS_VENV"] ?? "\(repositoryRoot)/.build/peers-venv"
        guard access("\(path)/bin/python3", X_OK) == 0 else {
            throw TestSupportError(
                "the Python peers are not installed in \(path): `make test` installs them, "
                    + "or set PEERS_VENV to a virtual environment that has them")
        }
        return path
    }

    /// The Python that has what the peers need.
    ///
    /// - Throws: when the peers are not installed.
    public static func peersPython() throws -> String {
        "\(try peersEnvironment())/bin/python3"
    }

    /// A program of the peers, such as `ostree-push`.
    ///
    /// - Throws: when it is not installed.
    public static func peer(_ name: String) throws -> String {
        let path = "\(try peersEnvironment())/bin/\(name)"
        guard access(path, X_OK) == 0 else {
            throw TestSupportError("\(path) is missing: `make test` installs it")
        }
        return path
    }

    /// The path of a program: as it is where it has a slash, or else looked up in `PATH`, then in the
    /// directories of servers and administrators, which not every user has in theirs.
    ///
    /// - Throws: when there is no such program.
    public static func lookUp(_ name: String, path: String? = nil) throws -> String {
        if name.contains("/") { return name }
        let path = path ?? ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for directory in path.split(separator: ":").map(String.init) + [
            "/usr/local/sbin", "/usr/sbin", "/sbin",
        ] {
            let candidate = "\(directory)/\(name)"
            var status = stat()
            if stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(candidate, X_OK) == 0
            {
                return candidate
            }
        }
        throw TestSupportError("the program \(name) is not installed: \(advice[name] ?? "install it")")
    }

    private static let advice = [
        "sshd": "apt install openssh-server",
        "ssh": "apt install openssh-client",
        "ssh-keygen": "apt install openssh-client",
        "nginx": "apt install nginx-light",
        "openssl": "apt install openssl",
        "ostree": "apt install ostree",
        "flatpak": "apt install flatpak",
        "curl": "apt install curl",
    ]

    private static func built(_ name: String, in directory: String = productsDirectory) throws -> String {
        let path = "\(directory)/\(name)"
        guard access(path, X_OK) == 0 else {
            throw TestSupportError(
                "\(path) is not built: `make test` builds it, as `swift build --product \(name)` does")
        }
        return path
    }
}
