// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import S3

extension BucketStore {
    /// Lists all objects, and passes over other keys.
    func forEachObject(_ visit: (ObjectName, ObjectAttributes) throws -> Void) throws {
        let location = client.location
        try client.forEachPage(
            prefix: location.key(BucketObjects.directory), cancellation: cancellation
        ) { page in
            for entry in page.entries {
                if let name = BucketObjects.name(ofKey: entry.key.dropFirst(location.prefix.count)) {
                    try visit(name, entry.attributes)
                }
            }
            return true
        }
    }
}
