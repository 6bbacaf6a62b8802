// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

extension ServerDiagnosis {
    /// Checks the cache in a bucket, with the user's own settings and credentials.
    mutating func checkBucket(_ user: SystemUser) {
        let bucket = layout.bucket(of: user)
        guard bucket.isAccessible else {
            return note(
                .warning, "the bucket cannot be looked at with the credentials of \(user.name)",
                "run this as root")
        }
        checkCredentials("\(bucket.settings)/credentials")
        do {
            guard let failure = try bucket.check() else {
                return note(
                    .fine,
                    "\(user.name) can write the cache at \(bucket.address), whose store keeps conditions")
            }
            note(
                .error, failure.message,
                failure.isMissing
                    ? "runuser -u \(user.name) -- bst-artifact init \(bucket.address)"
                    : "correct \(bucket.settings)/config and \(bucket.settings)/credentials, which the receiver reads"
            )
        } catch { note(.error, "\(error)", "look at \(bucket.program)") }
    }

    /// Checks that nobody else can read the file with the keys.
    private mutating func checkCredentials(_ path: String) {
        guard let status = try? Directory.status(at: path, followingLinks: true) else { return }
        if status.st_mode & 0o077 == 0 {
            note(.fine, "the credentials in \(path) are its owner's alone")
        } else {
            note(.error, "others than its owner have access to \(path)", "chmod 600 \(path)")
        }
    }
}
