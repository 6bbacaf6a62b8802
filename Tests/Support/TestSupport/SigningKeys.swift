// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A commit's signatures, right or wrong ones.
public enum SignatureSample: String, Sendable, CaseIterable {
    case right, badAndRight
    case unsigned, noSignatures, otherKey, otherCommit, truncated, garbage, empty, wrongType, tooMany
    // Of GPG only.
    case expiredKey, revokedKey, expiredSignature, overText, message, joined

    /// Words of the refusal; nil where the commit is to be taken.
    public var refusal: String? {
        switch self {
        case .right, .badAndRight, .joined: nil
        case .unsigned, .noSignatures: "signature, so have it signed with 'ostree "
        case .wrongType: "of type ay and not aay"
        case .tooMany: "it has 65 "
        case .expiredKey: "(made with an expired key)"
        case .revokedKey: "(made with a revoked key)"
        case .expiredSignature: "(expired)"
        case .overText: "(made over text and not over bytes)"
        case .otherKey, .otherCommit, .truncated, .garbage, .empty, .message: " signature is not good ("
        }
    }
}

/// A key whose signatures count, another one whose signatures do not, and the file that tells them apart.
public struct SigningKeys: Sendable {
    /// The kinds of signatures.
    public enum Kind: String, Sendable, CaseIterable {
        case gpg
        case ed25519
    }

    /// All that can be tried of each kind.
    public static let samples: [(Kind, SignatureSample)] = Kind.allCases.flatMap { kind in
        SignatureSample.allCases.filter { kind == .gpg || !onlyOfGPG.contains($0) }.map { (kind, $0) }
    }
    private static let onlyOfGPG: [SignatureSample] = [
        .expiredKey, .revokedKey, .expiredSignature, .overText, .message, .joined,
    ]

    /// The kind.
    public let kind: Kind
    /// The options that ask for a signature by the right key.
    public var options: [String] { ["--verify-\(kind.rawValue)", signer.file] }
    private let signer: any Signer

    /// Makes keys.
    public init(_ kind: Kind) throws {
        self.kind = kind
        signer = try kind == .gpg ? GPGSigner() : Ed25519Signer()
    }

    /// Signs a commit of a repository, replacing its detached metadata.
    public func sign(_ repository: String, _ commit: String, _ sample: SignatureSample = .right) throws {
        guard let value = try value(sample, DetachedMetadata.object(repository, commit)) else { return }
        try DetachedMetadata.set(repository, commit, [(signer.key, value)])
    }

    /// A right signature, as it stands in detached metadata.
    public func entry(_ repository: String, _ commit: String) throws -> (String, DetachedMetadata.Value) {
        (
            signer.key,
            .signatures([try signer.signature(of: DetachedMetadata.object(repository, commit), .right)])
        )
    }

    private func value(_ sample: SignatureSample, _ commit: [UInt8]) throws -> DetachedMetadata.Value? {
        func right() throws -> [UInt8] { try signer.signature(of: commit, .right) }
        switch sample {
        case .unsigned: return nil
        case .noSignatures: return .signatures([])
        case .badAndRight: return .signatures([Array("garbage".utf8), try right()])
        case .otherCommit: return .signatures([try signer.signature(of: commit + [0], .right)])
        case .truncated: return .signatures([Array(try right().dropLast())])
        case .garbage: return .signatures([try right().map { $0 ^ 0x55 }])
        case .empty: return .signatures([[]])
        case .wrongType: return .bytes(try right())
        case .tooMany: return .signatures(Array(repeating: try right(), count: 65))
        case .right, .otherKey, .expiredKey, .revokedKey, .expiredSignature, .overText, .message, .joined:
            return .signatures([try signer.signature(of: commit, sample)])
        }
    }
}

private protocol Signer: Sendable {
    /// The file or option that names the right key.
    var file: String { get }
    /// The key of the signatures in detached metadata.
    var key: String { get }
    func signature(of bytes: [UInt8], _ sample: SignatureSample) throws -> [UInt8]
}

private struct GPGSigner: Signer {
    let key = "ostree.gpgsigs"
    let file: String
    private let home: GPGHome
    private let right = "right@example.com"

    private static let pattern = GPGHome.pattern { try $0.makeKey("right@example.com", isOld: true) }

    init() throws {
        home = try GPGHome(GPGSigner.pattern)
        file = home.keyring
    }

    func signature(of bytes: [UInt8], _ sample: SignatureSample) throws -> [UInt8] {
        let user = "\(sample)@example.com"
        switch sample {
        case .otherKey:
            try home.makeKey(user)
            return try home.signature(of: bytes, by: user)
        case .expiredKey:
            try home.makeKey(user, isOld: true, lifetime: "seconds=3600")
            try home.export()
            return try home.signature(of: bytes, by: user, isOld: true)
        case .revokedKey:
            try home.makeKey(user)
            let signature = try home.signature(of: bytes, by: user)
            try home.gpg(["--import"], input: .text(try home.revocation(of: user)))
            try home.export()
            return signature
        case .expiredSignature:
            return try home.signature(
                of: bytes, by: right, isOld: true, ["--default-sig-expire", "seconds=3600"])
        case .overText: return try home.signature(of: bytes, by: right, ["--textmode"])
        // Two signatures in one entry, of which the second is right.
        case .joined:
            return try home.signature(of: bytes + [0], by: right) + home.signature(of: bytes, by: right)
        // Not beside what is signed, but around it.
        case .message: return try home.gpg(["--local-user", right, "--sign"], input: .bytes(bytes))
        default: return try home.signature(of: bytes, by: right)
        }
    }
}

private struct Ed25519Signer: Signer {
    let key = "ostree.sign.ed25519"
    let file: String
    private let directory: TemporaryDirectory
    private let right: Ed25519Key

    init() throws {
        directory = try TemporaryDirectory()
        right = try Ed25519Key()
        let keys = try [Ed25519Key(), right].map { Data($0.publicKey).base64EncodedString() + "\n\n" }
        file = try directory.file("keys", keys.joined())
    }

    func signature(of bytes: [UInt8], _ sample: SignatureSample) throws -> [UInt8] {
        try (sample == .otherKey ? Ed25519Key() : right).signature(of: bytes)
    }
}
