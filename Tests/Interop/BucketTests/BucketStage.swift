// SPDX-License-Identifier: Apache-2.0

import S3Samples
import TestSupport
import Testing

/// Two machines with a repository each, and a cache in a bucket.
struct BucketStage {
    /// The cache.
    let address: String
    let directory: TemporaryDirectory
    /// The variables by which programs find the store, by each of its gateways.
    private let environments: [[String: String?]]
    let mine: String
    let theirs: String

    init(_ address: String, _ environments: [[String: String?]]) throws {
        self.address = address
        self.environments = environments
        directory = try TemporaryDirectory()
        mine = directory.path("mine")
        theirs = directory.path("theirs")
        for path in [mine, theirs] { try OSTreeCommand.initRepo(path, mode: .bareUser) }
    }

    /// Makes a cache below `team-a`.
    init(cacheIn store: ToyStore) throws {
        try self.init("s3://\(ToyStore.bucket)/team-a", [store.environment])
        try artifact(["init", address]).checked()
    }

    /// Runs `bst-artifact`.
    @discardableResult
    func artifact(_ arguments: [String], gateway: Int = 0) throws -> ProcessResult {
        try run(
            [try Programs.artifact()] + arguments,
            environment: environments[gateway].merging(["HOME": directory.path]) { $1 })
    }

    @discardableResult
    func push(
        _ refs: [String], from repository: String? = nil, _ options: [String] = [], gateway: Int = 0
    ) throws -> ProcessResult {
        try artifact(
            ["push", "--repo", repository ?? mine, "--remote", address] + options + refs, gateway: gateway)
    }

    @discardableResult
    func pull(_ refs: [String], _ options: [String] = [], gateway: Int = 0) throws -> ProcessResult {
        try artifact(["pull", "--repo", theirs, "--remote", address] + options + refs, gateway: gateway)
    }

    /// Makes a repository.
    func repository(_ name: String, _ mode: OSTreeCommand.Mode = .bareUser) throws -> String {
        try OSTreeCommand.initRepo(directory.path(name), mode: mode)
        return directory.path(name)
    }

    /// Makes a commit of a directory with some files.
    @discardableResult
    func commit(
        _ ref: String, _ files: [String: String], in repository: String? = nil, parent: String = "none"
    ) throws -> String {
        let tree = "tree-\(UInt32.random(in: 0 ... .max))"
        for (name, content) in files { try directory.file("\(tree)/\(name)", content) }
        return try OSTreeCommand.commit(
            repository ?? mine, tree: directory.path(tree), refs: [ref], parent: parent,
            options: ["--fsync=false"])
    }
}
