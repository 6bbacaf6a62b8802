// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import TestSupport
import Testing

/// The opening of a repository by its configuration.
@Suite struct RepositoryConfigurationTests {
    private static func opened(_ configuration: String?) throws -> Repository {
        let scratch = try TemporaryDirectory()
        let made = try scratch.repository(.archive)
        let path = "\(made.path)/config"
        try FileManager.default.removeItem(atPath: path)
        try configuration?.write(toFile: path, atomically: false, encoding: .utf8)
        return try Repository(made.path)
    }

    @Test(arguments: [
        ("archive", RepositoryMode.archive), ("archive-z2", .archive), ("bare", .bare),
        ("bare-user", .bareUser), ("bare-user-only", .bareUserOnly),
    ])
    func `A mode is known by each of its names`(name: String, mode: RepositoryMode) throws {
        let text = "# by hand\n[core]\nrepo_version=1\n mode = \(name)\n\n[remote \"x\"]\nurl=https://x\n"
        #expect(try Self.opened(text).mode == mode)
    }

    @Test func `Without a mode it is bare, as for ostree`() throws {
        #expect(try Self.opened("[core]\nrepo_version=1\n").mode == .bare)
    }

    @Test func `It may be a link to a file elsewhere`() throws {
        let scratch = try TemporaryDirectory()
        let made = try scratch.repository(.archive)
        try FileManager.default.moveItem(atPath: "\(made.path)/config", toPath: scratch.path("settings"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(made.path)/config", withDestinationPath: "../settings")
        #expect(try Repository(made.path).mode == .archive)
    }

    @Test(arguments: [
        (nil, RepositoryError.Code.notARepository, "no file 'config'"),
        ("", .notARepository, "repo_version=1"),
        ("[core]\nmode=archive\n", .notARepository, "repo_version=1"),
        ("[core]\nrepo_version=2\nmode=archive\n", .notARepository, "repo_version=1"),
        ("[core\nrepo_version=1\n", .notARepository, "cannot open repository"),
        ("[core]\nrepo_version=1\nmode=bare-split-xattrs\n", .unsuitableMode, "'bare-split-xattrs'"),
    ])
    func `One that cannot be opened is named, with the reason`(
        configuration: String?, code: RepositoryError.Code, words: String
    ) throws {
        let error = #expect(throws: RepositoryError.self) { try Self.opened(configuration) }
        #expect(error?.code == code)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["", "/objects"])
    func `A directory that is no repository is named, with the reason`(missing: String) throws {
        let scratch = try TemporaryDirectory()
        let made = try scratch.repository(.archive)
        try FileManager.default.removeItem(atPath: made.path + missing)
        let error = #expect(throws: RepositoryError.self) { try Repository(made.path) }
        #expect(error?.code == .notARepository)
        #expect(error?.description.contains("No such file or directory") == true)
    }
}
