// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import SystemCalls

/// The argument of commands that also work on a cache in a bucket.
struct BucketArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A cache in a bucket, s3://BUCKET/PREFIX, in place of --repo.", valueName: "bucket"))
    var bucket: String?

    /// Opens the bucket; nil where a repository of this machine is meant.
    func open(_ local: LocalOptions, _ cancellation: @autoclosure () throws -> Cancellation?) throws
        -> BucketStore?
    {
        if let bucket, !BucketStore.isAddress(bucket) {
            throw ValidationError(
                "'\(bucket)' is no bucket, s3://BUCKET/PREFIX: name a repository of this machine with --repo."
            )
        }
        return try local.bucket(named: bucket, try cancellation())
    }
}

extension LocalOptions {
    /// Opens the bucket that an argument or `--repo` names; nil where a repository of this machine is meant.
    func bucket(named name: String?, _ cancellation: @autoclosure () throws -> Cancellation?) throws
        -> BucketStore?
    {
        if let name, repo != nil {
            throw ValidationError("Name the cache once: as \(name) or with --repo.")
        }
        guard let address = name ?? repo, BucketStore.isAddress(address) else { return nil }
        return try BucketStore.open(address, author: BucketStore.localAuthor, cancellation: cancellation())
    }
}
