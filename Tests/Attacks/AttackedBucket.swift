// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport
import WireSamples

/// A cache in a bucket in memory, with the same ref and objects as `AttackedCache`, beside an object of somebody else.
struct AttackedBucket {
    let directory: TemporaryDirectory
    let store: ToyStore
    /// The address of the cache.
    let address = "s3://\(ToyStore.bucket)/place"
    private static let foreignKey = "other/objects/aa/bb.filez"

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
        store = try ToyStore()
        store.restore(try AttackedBucket.pattern.get())
    }

    private static let pattern = Result {
        let store = try ToyStore()
        store[foreignKey] = Array("of somebody else".utf8)
        let directory = try TemporaryDirectory(inMemory: true)
        let environment = AttackedBucket.environment(of: store, directory)
        try TestSupport.run(
            [Programs.artifact(), "init", "s3://\(ToyStore.bucket)/place"], environment: environment
        ).checked()
        let present = AttackedCache.present
        let objects = present.objects + [AttackedCache.presentDetached]
        let bytes = ReceiverRun.push(
            [(AttackedCache.presentRef, Frame.nothing, present.checksum)], ObjectStream(objects.map(\.member))
        )
        try ReceiverRun.run("s3://\(ToyStore.bucket)/place", bytes, environment: environment).checked()
        return store.snapshot
    }

    private static func environment(of store: ToyStore, _ directory: TemporaryDirectory) -> [String: String?]
    {
        store.environment.merging(["HOME": directory.path, "XDG_CACHE_HOME": nil]) { $1 }
    }

    var environment: [String: String?] { AttackedBucket.environment(of: store, directory) }

    /// The key of an object of the cache.
    static func key(_ object: SampleObject) -> String {
        let name = object.name.fileName
        return "place/objects/\(name.prefix(2))/\(name.dropFirst(2))"
    }

    func commit(of ref: String) -> String? {
        store["place/refs/heads/\(ref)"].map { String(decoding: $0.prefix(64), as: UTF8.self) }
    }

    /// Pushes as a good client does, and expects that everything arrives.
    func pushNormally(_ result: inout AttackResult) throws {
        let ref = "normal/push"
        let good = SampleCommit("normal")
        let bytes = ReceiverRun.push(
            [(ref, Frame.nothing, "\(good.checksum)")], ObjectStream(good.objects.map(\.member)))
        let ended = try ReceiverRun.run(address, bytes, environment: environment)
        result.require(ended.succeeded, "a normal push fails afterwards: \(ended.errorText)")
        result.require(commit(of: ref) == "\(good.checksum)", "a normal push arrives nowhere afterwards")
    }
}

extension Attack {
    /// The attacks on receivers that have the same result where the cache is in a bucket: a receiver does not ask the bucket if it has
    /// a file before it takes one, so it finds other faults with those that are there.
    public static let onBuckets: [Attack] = all.filter { attack in
        guard case .receiver = attack.play else { return false }
        return ![
            "that is there", "which are skipped", "answers that are not read, version 0",
            // Objects are pulled from the bucket itself.
            "a pull asks",
        ].contains { attack.name.contains($0) }
    }

    /// Plays an attack on a receiver whose cache is in a bucket.
    public func runOnBucket() throws -> AttackResult {
        var result = AttackResult(self)
        guard case .receiver(let options, let isRead, let input) = play else { return result }
        let bucket = try AttackedBucket()
        let before = bucket.store.snapshot
        guard
            let ended = try result.measure(
                [Programs.receiver()] + options + [bucket.address], in: bucket.directory, input(),
                isRead: isRead,
                environment: bucket.environment)
        else { return result }
        checkEnding(ended, &result)
        checkOutput(ended, isRead, &result)
        let after = bucket.store.snapshot
        if case .success(let refs) = outcome {
            // Only the views of these refs and the summary may change.
            let mayChange = Set(refs.keys.map { "place/refs/heads/\($0)" } + ["place/summary"])
            for (key, object) in before where !mayChange.contains(key) {
                result.require(after[key]?.bytes == object.bytes, "what was there is changed: \(key)")
            }
            for (ref, commit) in refs {
                result.require(bucket.commit(of: ref) == commit, "\(ref) is not at \(commit)")
            }
        } else {
            // What a commit needs and was asked for may stay, until a collection: no ref leads to it.
            let kept = Set(Pushed.needed.map { AttackedBucket.key($0) })
            let mayKeep = name.contains("\(Attack.neededFiles) when asked")
            let files = mayKeep ? after.filter { kept.contains($0.key) } : [:]
            result.require(
                files.count == (mayKeep ? kept.count : 0), "needed files were not put: \(files.keys)")
            result.require(
                after.filter { files[$0.key] == nil } == before,
                "the bucket is changed: \(Set(after.keys).symmetricDifference(before.keys))")
        }
        let foreign = after.keys.filter { !$0.hasPrefix("place/") }
        result.require(foreign.count == 1, "there are other keys in the bucket: \(foreign)")
        if result.isRepelled { try bucket.pushNormally(&result) }
        return result
    }
}
