// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// The limits of a client's choice: a repository below a directory, and the protocol version.
struct Confinement {
    /// The client's command, if sshd started this program in its place.
    let request: ReceiverInvocation?
    /// The directory that the client's paths are confined to; nil if the owner named the repository.
    var root: String?
    /// Indicates that sshd started this program in place of the client's command.
    let isForced: Bool

    /// Reads the client's command from SSH_ORIGINAL_COMMAND.
    ///
    /// - Parameter root: the directory that the client's paths are confined to; nil if the owner named the repository.
    init(root: String?) throws {
        self.root = root
        guard let command = Environment["SSH_ORIGINAL_COMMAND"] else {
            (request, isForced) = (nil, false)
            return
        }
        isForced = true
        do {
            request = try ReceiverInvocation(parsing: command)
        } catch {
            // If the owner named the repository, the command decides nothing, so it may be any, unless it has the receiver
            // pull: such a client says nothing, and would be waited for.
            if root != nil || error.code == .outOfOrder { throw error }
            request = nil
        }
    }

    /// Returns true if the client asked for verbose logging, by its command or by starting this program itself.
    func isVerbosityAsked(by isVerbose: Bool) -> Bool {
        isForced ? request?.isVerbose == true : isVerbose
    }

    /// Returns the path of the repository: the one that the owner named, or the client's below the root.
    func repository(named path: String?) throws -> String {
        guard let root else {
            guard let path else {
                throw ValidationError(
                    "Name the repository that takes the push, for example 'bst-artifact-receive artifacts'")
            }
            return path
        }
        guard let path = path ?? request?.path else {
            throw RepositoryError(
                .notARepository,
                "the client names no repository below \(root): push to HOST:PATH with the path of one")
        }
        return try Confinement.resolve(path, below: root)
    }

    /// Returns the real path of `path`, which must be below `root`, also after following links.
    private static func resolve(_ path: String, below root: String) throws -> String {
        guard let realRoot = Directory.realPath(root) else { throw SystemError("open directory \(root)") }
        func confined(_ path: String) -> String? {
            guard let found = Directory.realPath(path),
                found == realRoot || found.hasPrefix(realRoot == "/" ? "/" : realRoot + "/")
            else { return nil }
            return found
        }
        // Some clients can only name absolute paths, so these are looked up below the root too.
        let found = (path.hasPrefix("/") ? confined(path) : nil) ?? confined("\(root)/\(path)")
        // The same message for both cases, so that paths elsewhere cannot be probed.
        guard let found else {
            throw RepositoryError(
                .notARepository,
                "there is no repository '\(path.forDisplay(limit: 200))' that this key may push to: check the path, which is "
                    + "looked up in the directory of the caches, also where it begins with a slash")
        }
        return found
    }

    /// Gives up access to files outside of the repository, if the kernel supports that.
    ///
    /// - Parameters:
    ///   - startsPrograms: true if system programs verify or make signatures.
    ///   - needed: further paths to keep access to.
    ///   - port: a TCP port to which connections stay possible.
    /// - Returns: false if the kernel does not support it.
    static func confine(
        to repository: Repository, startsPrograms: Bool,
        with needed: [(path: String, access: Landlock.Access)], port: UInt16?
    ) throws -> Bool {
        var allowed: [(path: String, access: Landlock.Access)] = [
            (repository.path, .everything), ("/proc/sys/kernel/random/boot_id", .reading),
            ("/proc/self", .reading),
        ]
        // Parts of a repository may lie on other disks.
        let root = try Directory(repository.path)
        for entry in try root.entries()
        where try root.status(of: entry).map({ $0.st_mode & S_IFMT }) == S_IFLNK {
            allowed.append(("\(repository.path)/\(entry)", .everything))
        }
        allowed += needed
        if startsPrograms {
            for path in ["/usr", "/bin", "/lib", "/lib64", "/etc", "/dev"] {
                allowed.append((path, .running))
            }
            allowed.append(("/dev/null", .everything))
        }
        return try Landlock.confine(to: allowed, port: port)
    }
}
