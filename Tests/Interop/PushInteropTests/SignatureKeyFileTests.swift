// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The files with the public keys of permitted signers.
@Suite struct SignatureKeyFileTests {
    private let stage: Stage
    private let commit: String

    init() throws {
        stage = try Stage(.archive)
        commit = try stage.commit("a/b/c")
    }

    private func push(_ options: [String], environment: [String: String?] = [:]) throws -> ProcessResult {
        try stage.push(["a/b/c"], receiver: options, environment: environment)
    }

    @Test(arguments: ["binary", "armored", "armored, in two blocks", "keybox"])
    func `Keyrings of every form are read`(form: String) throws {
        let keys = try GPGHome()
        try keys.makeKey("first@example.com")
        try keys.makeKey("second@example.com")
        let file = try keyring(form, of: keys)
        let signature = try keys.signature(
            of: DetachedMetadata.object(stage.mine, commit), by: "second@example.com")
        try DetachedMetadata.set(stage.mine, commit, [("ostree.gpgsigs", .signatures([signature]))])
        expectSuccess(try push(["--verify-gpg", file]))
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    private func keyring(_ form: String, of keys: GPGHome) throws -> String {
        switch form {
        case "armored": return try keys.export(to: "keys.asc", ["--armor", "--comment", "of builders"])
        case "armored, in two blocks":
            let blocks = try ["first", "second"].map {
                String(decoding: try keys.gpg(["--armor", "--export", "\($0)@example.com"]), as: UTF8.self)
            }
            return try stage.directory.file("keys.asc", "Who may sign:\n" + blocks.joined(separator: "\n"))
        case "keybox": return "\(keys.path)/pubring.kbx"
        default: return try keys.export()
        }
    }

    @Test(arguments: [
        ("", "there are no OpenPGP public keys in it"), ("keys\n", "there are no OpenPGP public keys in it"),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n", "there are no OpenPGP public keys in it"),
    ])
    func `A keyring that is none is named before anything is taken`(text: String, words: String) throws {
        let file = try stage.directory.file("keys", text)
        try expectFailure("cannot use the keyring \(file): \(words)", status: 1, unchanged: [stage.cache]) {
            try push(["--verify-gpg", file])
        }
    }

    @Test func `A keyring must not hold secret keys, nor signatures alone`() throws {
        let keys = try GPGHome()
        try keys.makeKey("builder@example.com")
        for (bytes, words) in [
            (try keys.gpg(["--export-secret-keys"]), "it holds secret keys"),
            (try keys.signature(of: [1], by: "builder@example.com"), "what it holds is no public key"),
        ] {
            let file = try stage.directory.file("keys", bytes)
            try expectFailure("\(file): \(words)", status: 1, unchanged: [stage.cache]) {
                try push(["--verify-gpg", file])
            }
        }
    }

    @Test(arguments: [
        ("", "it has none"), ("\n\n", "it has none"), ("not a key\n", "line 1 is not an ed25519 key"),
        ("\n\(String(repeating: "A", count: 40))\n", "line 2 is not an ed25519 key"),
        ("\(String(repeating: "A", count: 43))\n", "line 1 is not an ed25519 key"),
        ("\(String(repeating: "A", count: 43))=\n=\(String(repeating: "A", count: 43))\n", "line 2 is not"),
    ])
    func `A file of ed25519 keys that has none, or something else, is named`(text: String, words: String)
        throws
    {
        let file = try stage.directory.file("keys", text)
        try expectFailure(
            "cannot read public keys from \(file): \(words)", status: 1, unchanged: [stage.cache]
        ) {
            try push(["--verify-ed25519", file])
        }
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `A file of keys that is not there is named`(kind: SigningKeys.Kind) throws {
        let file = stage.directory.path("none")
        try expectFailure("cannot open \(file): No such file", status: 1, unchanged: [stage.cache]) {
            try push(["--verify-\(kind.rawValue)", file])
        }
    }

    @Test func `Without gpgv nothing is taken`() throws {
        let keys = try SigningKeys(.gpg)
        try keys.sign(stage.mine, commit)
        let bin = try stage.directory.makeDirectory("bin")
        for program in ["ostree", "sh"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(bin)/\(program)", withDestinationPath: Programs.lookUp(program))
        }
        try expectFailure("install Debian's package 'gpgv'", status: 1, unchanged: [stage.cache]) {
            try push(keys.options, environment: ["PATH": bin])
        }
    }
}
