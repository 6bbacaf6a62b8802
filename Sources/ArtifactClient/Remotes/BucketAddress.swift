// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import S3

/// A place in a bucket of an object store, which the settings of the AWS tools lead to.
public struct BucketAddress: Hashable, Sendable {
    package let location: S3Location

    /// Parses `s3://BUCKET/PREFIX`.
    init(_ text: String) throws(RemoteAddressError) {
        do throws(S3Error) {
            location = try S3Location(text)
        } catch {
            // The sentence names the address itself.
            let cause = "\(error)".split(separator: ": ", maxSplits: 1).last.map(String.init) ?? "\(error)"
            throw RemoteAddressError(cause, remedy: "write s3://BUCKET/PREFIX")
        }
    }
}

extension BucketAddress: CustomStringConvertible {
    /// The address.
    public var description: String { "\(location)" }
}
