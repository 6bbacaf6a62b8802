// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Foundation

extension Repository {
    /// Removes the file of an object, as no program of OSTree does.
    ///
    /// - Parameter secretly: true to leave the directory as if nothing had gone.
    func lose(_ object: SampleObject, secretly: Bool) throws {
        let path = file(of: object)
        let directory = (path as NSString).deletingLastPathComponent
        let time = FileTime(of: directory)
        try FileManager.default.removeItem(atPath: path)
        if secretly { try time.set(directory) }
    }
}
