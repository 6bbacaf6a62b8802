// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The program `flatpak`, which makes the metadata that its clients read.
public enum FlatpakProgram: Sendable, Equatable {
    /// The program at a path.
    case installed(path: String)
    /// There is none.
    case missing
    /// There is one that this process may not start.
    case forbidden

    /// Looks for the program in the directories of PATH.
    public static func find() -> FlatpakProgram {
        let directories = (Environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        let path = directories.lazy.map { "\($0)/flatpak" }.first { Directory.isExecutable($0) }
        return path.map { .installed(path: $0) } ?? .missing
    }

    /// Indicates that the program can be started.
    public var isInstalled: Bool {
        if case .installed = self { return true }
        return false
    }

    /// The reason why a flatpak repository gets a plain summary, and the remedy; nil if the program can be started.
    public func warning(for repository: Repository) -> String? {
        let consequence =
            "so \(repository.path) gets a plain summary, from which flatpak installs and updates, but neither "
            + "searches nor shows descriptions of what is new:"
        switch self {
        case .installed: return nil
        case .missing:
            return "flatpak is not installed here, \(consequence) install flatpak on the server, then run "
                + "'bst-artifact repo summary'"
        case .forbidden:
            return
                "flatpak cannot be started in the session in which a cache becomes one of flatpak's, \(consequence) the "
                + "next push or 'bst-artifact repo summary' completes it"
        }
    }

    /// The metadata could not be made.
    struct Failure: Error {
        /// The last line that flatpak has printed, or the error in starting it.
        var reason: String
    }

    /// Runs `flatpak build-update-repo`, which commits to `appstream/ARCH` and `appstream2/ARCH`, and writes `summary`,
    /// `summary.idx`, their signatures, and `summaries`. It neither prunes nor makes static deltas.
    ///
    /// - Throws: `Failure`
    func updateMetadata(of repository: Repository, signers: [Signer]) throws(Failure) {
        guard case .installed(let path) = self else { return }
        var arguments = [path, "build-update-repo"]
        for case .gpg(let key, let home) in signers {
            arguments.append("--gpg-sign=\(key)")
            if let home, !arguments.contains("--gpg-homedir=\(home)") {
                arguments.append("--gpg-homedir=\(home)")
            }
        }
        arguments += ["--", repository.path]
        do {
            // One pipe for both outputs, which are long where many applications have no descriptions.
            let process = try ChildProcess(["/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1"] + arguments)
            process.closeInput()
            let words = try FlatpakProgram.lastLine(of: process.output)
            guard process.wait() == .status(0) else { throw Failure(reason: "its last words are '\(words)'") }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(reason: "\(error)")
        }
    }

    /// Reads all of a pipe and returns its last line that is not empty.
    private static func lastLine(of output: Descriptor) throws -> String {
        let limit = 4096
        var tail: [UInt8] = []
        try withUnsafeTemporaryAllocation(byteCount: limit, alignment: 8) { buffer in
            while case let count = try output.read(into: buffer), count > 0 {
                tail = (tail + buffer[..<count]).suffix(limit)
            }
        }
        let lines = String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.last.map { String($0).forDisplay(limit: 400) } ?? ""
    }
}
