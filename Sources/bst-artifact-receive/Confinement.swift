// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// What a client's own words may decide: which repository below a folder, and which version is spoken.
struct Confinement {
    /// What the client asked sshd for, where this program was put in its place.
    let request: ReceiverInvocation?
    private let root: String?
    /// True where sshd started this program in place of another command.
    private let isForced: Bool

    /// - Parameter root: the folder that the client's paths are confined to; nil where the owner named the repository.
    init(root: String?) throws {
        self.root = root
        guard let command = getenv("SSH_ORIGINAL_COMMAND").map({ String(cString: $0) }) else {
            (request, isForced) = (nil, false)
            return
        }
        isForced = true
        do {
            request = try ReceiverInvocation(parsing: command)
        } catch {
            // Where the owner named the repository, any other command will do: it decides nothing.
            if root != nil || error.code == .outOfOrder { throw error }
            request = nil
        }
    }

    /// True where the client wants to hear everything, who may have started this program itself.
    func isVerbosityAsked(by isVerbose: Bool) -> Bool {
        isForced ? request?.isVerbose == true : isVerbose
    }

    /// The repository, given what the owner named.
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

    /// The real path of what `path` names, which links may not lead out of `root`.
    private static func resolve(_ path: String, below root: String) throws -> String {
        func real(_ path: String) -> String? {
            guard let result = realpath(path, nil) else { return nil }
            defer { free(result) }
            return String(cString: result)
        }
        guard let realRoot = real(root) else { throw SystemError("open directory \(root)") }
        func confined(_ path: String) -> String? {
            guard let found = real(path),
                found == realRoot || found.hasPrefix(realRoot == "/" ? "/" : realRoot + "/")
            else { return nil }
            return found
        }
        // Some clients can only name absolute paths: what such a one names may be meant below the root too.
        let found = (path.hasPrefix("/") ? confined(path) : nil) ?? confined("\(root)/\(path)")
        // One message for both, so that nobody learns what there is elsewhere.
        guard let found else {
            throw RepositoryError(
                .notARepository,
                "there is no repository '\(path.forDisplay(limit: 200))' that this key may push to: check the path, which is "
                    + "looked up in the directory of the caches, also where it begins with a slash")
        }
        return found
    }

    /// Gives up all access to files outside of the repository, where the kernel can do that.
    ///
    /// - Parameters:
    ///   - startsPrograms: whether signatures are verified, or made, by a program of the system.
    ///   - needed: what else is needed.
    /// - Returns: whether it can.
    static func confine(
        to repository: Repository, startsPrograms: Bool,
        with needed: [(path: String, access: Landlock.Access)]
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
        return try Landlock.confine(to: allowed)
    }
}
