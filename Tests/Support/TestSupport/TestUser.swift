// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// An ordinary user made for a test, with a locked password and a home in a temporary directory.
///
/// It is removed, and its processes are killed, when the last reference goes.
public final class TestUser: Sendable {
    /// True if users can be made: only root can.
    public static var canBeMade: Bool { geteuid() == 0 }

    /// The name, `bstt-` and some letters.
    public let name: String
    /// The home directory, which it owns.
    public let home: String
    /// Its number.
    public let uid: uid_t
    /// The number of its own group.
    public let gid: gid_t

    private let directory: TemporaryDirectory
    /// `useradd` and `userdel` take turns at `/etc/passwd`, with seconds of waiting.
    static let turn = Mutex<Void>(())

    /// Makes the user.
    public init() throws {
        guard TestUser.canBeMade else { throw TestSupportError("only root can make a user for a test") }
        let directory = try TemporaryDirectory()
        let name = "bstt-" + String((0..<8).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement()! })
        let home = directory.path("home")
        _ = try TestUser.turn.withLock { _ in
            try TestSupport.run(
                ["useradd", "--create-home", "--home-dir", home, "--shell", "/bin/sh", "--user-group", name]
            ).checked()
        }
        var status = stat()
        guard lstat(home, &status) == 0, status.st_uid != 0 else {
            TestUser.remove(name)
            throw TestSupportError("useradd made no home for user \(name) in \(home)")
        }
        self.directory = directory
        self.name = name
        self.home = home
        uid = status.st_uid
        gid = status.st_gid
    }

    deinit {
        _ = eventually {
            let left = processes
            for process in left {
                kill(process, SIGKILL)
            }
            return left.isEmpty
        }
        TestUser.remove(name)
    }

    /// The living processes that run as this user.
    public var processes: [pid_t] {
        ProcessTree.all().filter { process in
            var status = stat()
            return stat("/proc/\(process)", &status) == 0 && status.st_uid == uid
        }
    }

    /// A command that runs another as this user, with its groups and without any capability of root.
    public func command(_ arguments: [String]) -> [String] {
        ["setpriv", "--reuid", String(uid), "--regid", String(gid), "--init-groups", "--"] + arguments
    }

    /// The variables that make an environment this user's.
    public var environment: [String: String?] {
        ["HOME": home, "USER": name, "LOGNAME": name, "SHELL": "/bin/sh", "XDG_RUNTIME_DIR": nil]
    }

    /// Runs a program as this user, at home unless told otherwise.
    public func run(
        _ arguments: [String], input: ProcessInput = .none, environment: [String: String?] = [:],
        directory: String? = nil, timeout: Double = patience
    ) throws -> ProcessResult {
        try TestSupport.run(
            command(arguments), input: input, environment: self.environment.merging(environment) { $1 },
            directory: directory ?? home, timeout: timeout)
    }

    /// Gives a file, or a directory with all in it, to this user.
    public func own(_ path: String) throws {
        try TestSupport.run(["chown", "-R", "--no-dereference", "\(uid):\(gid)", path]).checked()
    }

    /// Copies a program, such as a built one below a home that this user may not enter, to `bin` in its home.
    ///
    /// - Returns: the copy's path.
    public func install(_ program: String) throws -> String {
        let directory = "\(home)/bin"
        try TestSupport.run(["install", "-D", "-m", "755", "-t", directory, program]).checked()
        return "\(directory)/\((program as NSString).lastPathComponent)"
    }

    /// Removes the user; a complaint about a mailbox that never was is of no interest.
    private static func remove(_ name: String) {
        _ = turn.withLock { _ in
            try? TestSupport.run(["userdel", "--remove", name])
        }
    }
}
