// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Pulls that take only signed commits.
@Suite struct PulledSignatureTests {
    private let cache: Cache
    private let builder: Builder

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
    }

    @Test(arguments: SigningKeys.samples)
    func `A commit is pulled if it is signed as it must be`(
        kind: SigningKeys.Kind, sample: SignatureSample
    ) throws {
        let keys = try SigningKeys(kind)
        try keys.sign(cache.repository, cache.commit, sample)
        guard let words = sample.refusal else {
            try builder.pullWell([cache.ref], from: cache.repository, keys.options)
            return try builder.expectHas(cache)
        }
        let errors = try builder.pullBadly([cache.ref], from: cache.repository, keys.options)
        #expect(errors.contains("commit \(cache.commit) of ref \(cache.ref) is refused: "), "\(errors)")
        #expect(errors.contains(words), "\(errors)")
    }

    @Test
    func `A commit that was made for another ref is refused, and only warned of where nothing is verified`()
        throws
    {
        let keys = try SigningKeys(.ed25519)
        try keys.sign(cache.repository, cache.commit)
        try OSTreeCommand.lines(cache.repository, ["refs", "--create=third/product", cache.ref])
        let words = "it was made for ref '\(cache.ref)' and not for third/product"
        let errors = try builder.pullBadly(["third/product"], from: cache.repository, keys.options)
        #expect(
            errors.contains("commit \(cache.commit) of ref third/product is refused: \(words)"), "\(errors)")
        // The same goes for what is here already.
        try builder.pullWell([cache.ref], from: cache.repository, keys.options)
        _ = try builder.pullBadly(["third/product"], from: cache.repository, keys.options)
        let warnings = try builder.pullWell(["third/product"], from: cache.repository).errorText
        #expect(
            warnings.contains("warning: commit \(cache.commit) of ref third/product: \(words)"), "\(warnings)"
        )
        #expect(try builder.pullWell([cache.ref], from: cache.repository).errorText.isEmpty)
    }

    @Test func `A commit must fit the collection that is recorded for the remote`() throws {
        let keys = try SigningKeys(.ed25519)
        try keys.sign(cache.repository, cache.commit)
        func pull(_ collection: String) throws -> ProcessResult {
            try OSTreeCommand.lines(
                builder.repository, ["remote", "delete", "--if-exists", "origin"])
            try OSTreeCommand.lines(
                builder.repository,
                ["remote", "add", "--collection-id=\(collection)", "origin", "file://\(cache.repository)"])
            return try builder.pull([cache.ref], from: "origin", keys.options)
        }
        let unbound = try pull("org.example.Cache")
        #expect(
            unbound.failed && unbound.errorText.contains("which collection it was made for"),
            "\(unbound.errorText)")
        try OSTreeCommand.lines(
            cache.repository, ["config", "set", "core.collection-id", "org.example.Cache"])
        let commit = try OSTreeCommand.commit(cache.repository, tree: cache.tree, refs: [cache.ref])
        try keys.sign(cache.repository, commit)
        let other = try pull("org.example.Other")
        #expect(
            other.failed
                && other.errorText.contains(
                    "it was made for collection 'org.example.Cache' and not for 'org.example.Other'"),
            "\(other.errorText)")
        #expect(try pull("org.example.Cache").succeeded)
    }

    @Test func `If both kinds are asked for, one of them does not do`() throws {
        let keys = try SigningKeys.Kind.allCases.map { try SigningKeys($0) }
        let options = keys.flatMap(\.options)
        for (signed, missing) in [(keys[0], "no ed25519"), (keys[1], "no GPG")] {
            try signed.sign(cache.repository, cache.commit)
            let errors = try builder.pullBadly([cache.ref], from: cache.repository, options)
            #expect(errors.contains(missing), "\(errors)")
        }
        let entries = try keys.map { try $0.entry(cache.repository, cache.commit) }
        try DetachedMetadata.set(cache.repository, cache.commit, entries)
        try builder.pullWell([cache.ref], from: cache.repository, options)
        try builder.expectHas(cache)
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `An unsigned commit that is here already is refused too`(kind: SigningKeys.Kind) throws {
        let keys = try SigningKeys(kind)
        try builder.pullWell([cache.ref], from: cache.repository)
        let errors = try builder.pullBadly([cache.ref], from: cache.repository, keys.options)
        #expect(errors.contains("it has no "), "\(errors)")
        // A pull takes what its remote has now.
        try keys.sign(cache.repository, cache.commit)
        try builder.pullWell([cache.ref], from: cache.repository, keys.options)
        try builder.expectHas(cache)
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `A remote that replaces signatures by others is refused`(kind: SigningKeys.Kind) throws {
        let keys = try SigningKeys(kind)
        try keys.sign(cache.repository, cache.commit)
        try builder.pullWell([cache.ref], from: cache.repository, keys.options)
        try DetachedMetadata.set(cache.repository, cache.commit, [("key", .text("unsigned"))])
        let errors = try builder.pullBadly([cache.ref], from: cache.repository, keys.options)
        #expect(errors.contains("it has no "), "\(errors)")
    }

    @Test func `A commit that is not signed at one cache is taken from the next`() throws {
        let keys = try SigningKeys(.ed25519)
        let other = try Cache.plain()
        #expect(other.commit == cache.commit)
        try keys.sign(other.repository, other.commit)
        try builder.configure(
            "artifacts:\n- url: file://\(cache.repository)\n- url: file://\(other.repository)\n")
        let result = try builder.pullWell([cache.ref], from: nil, keys.options)
        #expect(result.errorText.contains("warning: commit \(cache.commit) of ref \(cache.ref) is refused"))
        try builder.expectHas(other)
    }
}
