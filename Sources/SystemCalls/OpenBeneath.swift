// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

extension Directory {
    /// Opens a file for reading by a path that others have named: whatever it says, the file lies below this directory, and
    /// a pipe is not waited for.
    ///
    /// - Parameter followingLinks: whether symbolic links are followed, which must stay below this directory too.
    /// - Returns: nil where there is no such file, or where it lies elsewhere.
    public func openBeneath(
        _ path: String, followingLinks: Bool = false
    ) throws(SystemError) -> Descriptor? {
        for _ in 0..<Directory.attempts {
            let number = retryingInterrupts {
                clinux_open_beneath(descriptor.number, path, followingLinks ? 1 : 0)
            }
            if number >= 0 { return Descriptor(number) }
            switch errno {
            // The kernel asks for another attempt when something was renamed meanwhile.
            case EAGAIN: continue
            case ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, ENXIO: return nil
            // The kernel does not know the call, or a container's seccomp profile does not.
            case ENOSYS, EPERM: return try openBeneathStepwise(path, followingLinks: followingLinks)
            default: throw SystemError("open \(self.path)/\(path)")
            }
        }
        throw SystemError("open \(self.path)/\(path), which others keep renaming", code: EAGAIN)
    }

    /// Attempts before giving up where others rename directories all the time.
    private static let attempts = 1000

    /// Does what `openBeneath` does without `openat2`, a part of the path at a time.
    ///
    /// Each directory on the way is opened from the one before, and no link is ever followed by the kernel: the target of a
    /// link is walked like the path, and refused where it is absolute. `..` leads to the directory that the walk came
    /// from, and nowhere from the first one. So whatever others rename meanwhile, no step leaves this directory.
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

    /// As many links as the kernel follows in one path.
    private static let maximumLinks = 40

    /// The parts of a relative path, the last one first; nil where it is none. One that ends with a slash is that of a
    /// directory.
    private static func parts(of path: String) -> [String]? {
        guard !path.isEmpty, path.utf8.first != UInt8(ascii: "/") else { return nil }
        let parts = path.split(separator: "/").map(String.init)
        return (path.utf8.last == UInt8(ascii: "/") ? parts + ["."] : parts).reversed()
    }

    /// - Returns: nil where it is no link, or has gone.
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
