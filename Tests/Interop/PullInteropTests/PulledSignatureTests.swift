// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Pulls that take only signed commits.
@Suite struct PulledSignatureTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    @Test(arguments: SigningKeys.samples)
    func `A commit is pulled if it is signed as it must be`(
        kind: SigningKeys.Kind, sample: SignatureSample
    ) throws {
        let keys = try SigningKeys(kind)
        try keys.sign(stage.cache, stage.first, sample)
        guard let words = sample.refusal else {
            try stage.pullWell(from: stage.cache, keys.options)
            return try stage.expectPulled()
        }
        let errors = try stage.pullBadly(from: stage.cache, keys.options)
        #expect(errors.contains("commit \(stage.first) of ref \(stage.ref) is refused: "), "\(errors)")
        #expect(errors.contains(words), "\(errors)")
    }

    @Test
    func `A commit that was made for another ref is refused, and only warned of where nothing is verified`()
        throws
    {
        let keys = try SigningKeys(.ed25519)
        try keys.sign(stage.cache, stage.first)
        try OSTreeCommand.lines(stage.cache, ["refs", "--create=third/product", stage.ref])
        let words = "it was made for ref '\(stage.ref)' and not for third/product"
        let errors = try stage.pullBadly(["third/product"], from: stage.cache, keys.options)
        #expect(
            errors.contains("commit \(stage.first) of ref third/product is refused: \(words)"), "\(errors)")
        // The same goes for what is here already.
        try stage.pullWell(from: stage.cache, keys.options)
        _ = try stage.pullBadly(["third/product"], from: stage.cache, keys.options)
        let warnings = try stage.pullWell(["third/product"], from: stage.cache).errorText
        #expect(
            warnings.contains("warning: commit \(stage.first) of ref third/product: \(words)"), "\(warnings)"
        )
        #expect(try stage.pullWell(from: stage.cache).errorText.isEmpty)
    }

    @Test func `A commit must fit the collection that is recorded for the remote`() throws {
        let keys = try SigningKeys(.ed25519)
        try keys.sign(stage.cache, stage.first)
        func pull(_ collection: String) throws -> ProcessResult {
            try OSTreeCommand.lines(
                stage.mine, ["remote", "delete", "--if-exists", "origin"])
            try OSTreeCommand.lines(
                stage.mine,
                ["remote", "add", "--collection-id=\(collection)", "origin", "file://\(stage.cache)"])
            return try stage.pull(from: "origin", keys.options)
        }
        let unbound = try pull("org.example.Cache")
        #expect(
            unbound.failed && unbound.errorText.contains("which collection it was made for"),
            "\(unbound.errorText)")
        try OSTreeCommand.lines(
            stage.cache, ["config", "set", "core.collection-id", "org.example.Cache"])
        let commit = try OSTreeCommand.commit(stage.cache, tree: stage.tree, refs: [stage.ref])
        try keys.sign(stage.cache, commit)
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
            try signed.sign(stage.cache, stage.first)
            let errors = try stage.pullBadly(from: stage.cache, options)
            #expect(errors.contains(missing), "\(errors)")
        }
        let entries = try keys.map { try $0.entry(stage.cache, stage.first) }
        try DetachedMetadata.set(stage.cache, stage.first, entries)
        try stage.pullWell(from: stage.cache, options)
        try stage.expectPulled()
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `An unsigned commit that is here already is refused too`(kind: SigningKeys.Kind) throws {
        let keys = try SigningKeys(kind)
        try stage.pullWell(from: stage.cache)
        let errors = try stage.pullBadly(from: stage.cache, keys.options)
        #expect(errors.contains("it has no "), "\(errors)")
        // A pull takes what its remote has now.
        try keys.sign(stage.cache, stage.first)
        try stage.pullWell(from: stage.cache, keys.options)
        try stage.expectPulled()
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `A remote that has lost its signatures takes none away`(kind: SigningKeys.Kind) throws {
        let keys = try SigningKeys(kind)
        try keys.sign(stage.cache, stage.first)
        try stage.pullWell(from: stage.cache, keys.options)
        let (key, _) = try keys.entry(stage.cache, stage.first)
        let signatures = try DetachedMetadata.signatures(stage.mine, stage.first, key)
        #expect(signatures.count == 1)
        try DetachedMetadata.set(stage.cache, stage.first, [("key", .text("unsigned"))])
        try stage.pullWell(from: stage.cache, keys.options)
        try keys.sign(stage.cache, stage.first, .garbage)
        try stage.pullWell(from: stage.cache, keys.options)
        #expect(
            try DetachedMetadata.signatures(stage.mine, stage.first, key).filter(signatures.contains)
                == signatures)
        // Whoever has nothing yet is not given what is worth nothing.
        let other = try stage.another()
        #expect(try other.pullBadly(from: stage.cache, keys.options).contains("is not good"))
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `Signatures that come later are pulled beside those that are here, once`(kind: SigningKeys.Kind)
        throws
    {
        let keys = try SigningKeys(kind)
        let (key, _) = try keys.entry(stage.cache, stage.first)
        try keys.sign(stage.cache, stage.first)
        try stage.pullWell(from: stage.cache)
        try keys.sign(stage.cache, stage.first, .otherKey)
        let result = try stage.pullWell(from: stage.cache, keys.options)
        #expect(result.lines.dropFirst().first == "\(stage.ref): 1 signature added", "\(result.text)")
        let signatures = try DetachedMetadata.signatures(stage.mine, stage.first, key)
        #expect(signatures.count == 2)
        #expect(try DetachedMetadata.signatures(stage.cache, stage.first, key) == [signatures[0]])
        let before = try stage.visible
        #expect(try !stage.pullWell(from: stage.cache, keys.options).text.contains("added"))
        #expect(try stage.visible.differences(from: before) == [])
        let json = try stage.pullWell(from: stage.cache, ["--json"]).text
        #expect(json.contains(#""laterMetadata":null"#), "\(json)")
    }

    @Test func `A commit that is not signed at one cache is taken from the next`() throws {
        let keys = try SigningKeys(.ed25519)
        let other = try Stage.plain()
        #expect(other.first == stage.first)
        try keys.sign(other.cache, other.first)
        try stage.configure(
            "artifacts:\n- url: file://\(stage.cache)\n- url: file://\(other.cache)\n")
        let result = try stage.pullWell(from: nil, keys.options)
        #expect(result.errorText.contains("warning: commit \(stage.first) of ref \(stage.ref) is refused"))
        try stage.expectPulled(from: other)
    }
}
