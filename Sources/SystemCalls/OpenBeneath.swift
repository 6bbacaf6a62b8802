// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

extension Directory {
    /// Opens a file for reading by an untrusted path, which cannot lead out of this directory. Never blocks on a pipe.
    ///
    /// - Parameter followingLinks: true to follow symbolic links that stay below this directory.
    /// - Returns: nil if there is no such file, or it is elsewhere.
    public func openBeneath(
        _ path: String, followingLinks: Bool = false
    ) throws(SystemError) -> Descriptor? {
        for _ in 0..<Directory.attempts {
            let number = retryingInterrupts {
                clinux_open_beneath(descriptor.number, path, followingLinks ? 1 : 0)
            }
            if number >= 0 { return Descriptor(number) }
            switch errno {
            // The kernel returns EAGAIN if something was renamed meanwhile.
            case EAGAIN: continue
            case ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, ENXIO: return nil
            // The kernel, or a container's seccomp profile, does not know the call.
            case ENOSYS, EPERM: return try openBeneathStepwise(path, followingLinks: followingLinks)
            default: throw SystemError("open \(self.path)/\(path)")
            }
        }
        throw SystemError("open \(self.path)/\(path), which others keep renaming", code: EAGAIN)
    }

    /// Attempts while others keep renaming directories.
    private static let attempts = 1000

    /// Does the work of `openBeneath` without `openat2`, part by part.
    ///
    /// Each directory is opened relative to the one before, and the kernel follows no links. The target of a link is walked
    /// like the path, and refused if it is absolute. `..` pops the directory from the walk's stack, and is refused at its
    /// bottom. So no step leaves this directory, whatever is renamed meanwhile.
    package func openBeneathStepwise(
        _ path: String, followingLinks: Bool
    ) throws(SystemError) -> Descriptor? {
        var way: [Descriptor] = []
        guard var parts = Directory.parts(of: path) else { return nil }
        var links = 0
        while let part = parts.popLast() {
            let place = way.last ?? descriptor
            if part == "." || part == ".." {
                if part == "..", way.popLast() == nil { return nil }
                if parts.isEmpty { parts = [""] }
                continue
            }
            let name = part.isEmpty ? "." : part
            let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC
            let number = retryingInterrupts {
                parts.isEmpty
                    ? openat(place.number, name, flags) : clinux_open_step(place.number, name)
            }
            if number >= 0 {
                let opened = Descriptor(number)
                if parts.isEmpty { return opened }
                way.append(opened)
                continue
            }
            switch errno {
            case ENOENT, ENAMETOOLONG, ENXIO: return nil
            case ELOOP, ENOTDIR: break
            default: throw SystemError("open \(self.path)/\(path)")
            }
            links += 1
            guard followingLinks, links <= Directory.maximumLinks,
                let target = try Directory.linkTarget(of: name, in: place, self.path),
                let others = Directory.parts(of: target)
            else { return nil }
            parts += others
        }
        return nil
    }

    /// The kernel's own limit of links in one path.
    private static let maximumLinks = 40

    /// Returns the parts of a relative path, the last one first; nil for other paths. A slash at the end asks for a
    /// directory.
    private static func parts(of path: String) -> [String]? {
        guard !path.isEmpty, path.utf8.first != UInt8(ascii: "/") else { return nil }
        let parts = path.split(separator: "/").map(String.init)
        return (path.utf8.last == UInt8(ascii: "/") ? parts + ["."] : parts).reversed()
    }

    /// Returns the target of a link; nil if it is none, or has vanished.
    private static func linkTarget(of name: String, in place: Descriptor, _ path: String) throws(SystemError)
        -> String?
    {
        do {
            let target = try Directory(descriptor: place, path: path).linkTarget(name)
            return String(validating: target, as: UTF8.self)
        } catch {
            if error.code == EINVAL { return nil }
            return try error.absence()
        }
    }
}
