// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

extension Directory {
    /// Opens a file for reading by a path that others have named: whatever it says, the file lies below this directory, and
    /// a pipe is not waited for. Needs Linux 5.6.
    ///
    /// - Parameter followingLinks: whether symbolic links are followed, which must stay below this directory too.
    /// - Returns: nil where there is no such file, or where it lies elsewhere.
    public func openBeneath(
        _ path: String, followingLinks: Bool = false
    ) throws(SystemError) -> Descriptor? {
        while true {
            let number = clinux_open_beneath(descriptor.number, path, followingLinks ? 1 : 0)
            if number >= 0 { return Descriptor(number) }
            switch errno {
            // The kernel asks for another attempt when something was renamed meanwhile.
            case EINTR, EAGAIN: continue
            case ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, ENXIO: return nil
            default: throw SystemError("open \(self.path)/\(path)")
            }
        }
    }
}
