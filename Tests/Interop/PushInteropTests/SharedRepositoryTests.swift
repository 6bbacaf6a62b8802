// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A cache and a local repository that two users write to, in turn and with `ostree` in between.
private struct SharedPlace {
    enum Making: String, CaseIterable {
        case groupOption, maskAndGroupBit, defaultACL
    }

    let directory: TemporaryDirectory
    let group: TestGroup
    let programs: String
    var cache: String { directory.path("shared/cache") }
    var local: String { directory.path("shared/local") }

    init(_ making: Making) throws {
        directory = try TemporaryDirectory()
        group = try TestGroup()
        let first = group.members[0]
        programs = try directory.makeDirectory("bin")
        try run(["install", "-t", programs, Programs.artifact(), Programs.receiver()]).checked()
        let shared = try directory.makeDirectory("shared")
        try run(["chgrp", group.name, shared]).checked()
        try run(["chmod", "2775", shared]).checked()
        switch making {
        case .groupOption:
            for (path, mode) in [(cache, "archive"), (local, "bare-user")] {
                let options = ["--mode", mode, "--group", group.name]
                try artifact(first, ["init", path] + options).checked()
            }
            return
        case .maskAndGroupBit: break
        case .defaultACL:
            // The directory is nobody's but the two's, and new files are of their makers' own groups.
            try run(["chgrp", "root", shared]).checked()
            try run(["chmod", "0755", shared]).checked()
            let list = "g:\(group.name):rwx"
            try run(["setfacl", "-m", list, "-m", "d:\(list)", shared]).checked()
        }
        for (path, mode) in [(cache, "archive"), (local, "bare-user")] {
            try ostree(first, path, ["init", "--mode", mode]).checked()
        }
        try ostree(first, cache, ["summary", "--update"]).checked()
    }

    /// Runs a shell's command as a member.
    private func asMember(
        _ user: TestUser, mask: String, _ arguments: [String]
    ) throws -> ProcessResult {
        try user.run(
            ["sh", "-c", "umask \(mask) && exec \"$@\"", "sh"] + arguments,
            environment: Stage.cleanEnvironment)
    }

    /// Runs bst-artifact as a member whose own umask leaves nothing to others.
    func artifact(_ user: TestUser, _ arguments: [String]) throws -> ProcessResult {
        try asMember(user, mask: "077", ["\(programs)/bst-artifact"] + arguments)
    }

    /// Runs ostree as a member.
    func ostree(_ user: TestUser, _ repository: String, _ arguments: [String]) throws -> ProcessResult {
        try asMember(user, mask: "002", ["ostree", "--repo=\(repository)"] + arguments)
    }

    /// Makes a tree of a file of its own and of others that every tree has.
    func tree(_ text: String) throws -> String {
        let name = "trees/\(UUID().uuidString)"
        try directory.file("\(name)/file", text)
        for number in 0..<20 { try directory.file("\(name)/directory/\(number)", "common \(number)") }
        return directory.path(name)
    }

    func push(_ user: TestUser, _ refs: [String]) throws -> ProcessResult {
        try artifact(
            user,
            ["push", "--repo", local, "--remote", cache, "--receiver", "\(programs)/bst-artifact-receive"]
                + refs)
    }
}

/// Repositories that a group shares, and those that it does not.
@Suite(.enabled(if: TestUser.canBeMade, "only root can make users"))
struct SharedRepositoryTests {
    @Test(arguments: SharedPlace.Making.allCases)
    fileprivate func `The members of a group write to a repository in turn`(making: SharedPlace.Making) throws
    {
        let place = try SharedPlace(making)
        let (one, other) = (place.group.members[0], place.group.members[1])
        for (round, user) in [one, other, one, other].enumerated() {
            let ref = "p/e/\(round)"
            expectSuccess(
                try place.artifact(user, ["commit", "--repo", place.local, place.tree("ours \(round)"), ref]))
            let push = try place.push(user, [ref])
            expectSuccess(push)
            #expect(!push.errorText.contains("warning"), "\(push.errorText)")
            // A ref that the other member made is moved, too.
            expectSuccess(
                try place.artifact(
                    user, ["commit", "--repo", place.local, place.tree("moved \(round)"), "p/e/moved"]))
            expectSuccess(try place.push(user, ["--force", "p/e/moved"]))
            let theirs = "p/o/\(round)"
            let tree = try place.tree("theirs \(round)")
            expectSuccess(
                try place.ostree(user, place.cache, ["commit", "--branch=\(theirs)", "--tree=dir=\(tree)"]))
            expectSuccess(try place.artifact(user, ["repo", "summary", "--repo", place.cache]))
            expectSuccess(
                try place.artifact(
                    user, ["pull", "--repo", place.local, "--remote", "file://\(place.cache)", theirs]))
            expectSuccess(try place.artifact(user, ["repo", "pin", "--repo", place.cache, ref]))
        }
        expectSuccess(try place.artifact(other, ["repo", "unpin", "--repo", place.cache, "p/e/0"]))
        #expect(try CacheSummary.isRight(place.cache))
        #expect(try place.artifact(one, ["repo", "log", "--repo", place.cache]).lines.count >= 8)
        try expectMembersMayWrite(place.cache, of: place)
        for repository in [place.cache, place.local] { try OSTreeCommand.fsck(repository) }
    }

    @Test(arguments: SharedPlace.Making.allCases)
    fileprivate func `A member removes and notes what the other has made`(making: SharedPlace.Making) throws {
        let place = try SharedPlace(making)
        let (one, other) = (place.group.members[0], place.group.members[1])
        for (user, refs) in [(one, ["p/e/deleted", "p/e/used", "p/e/kept"]), (other, ["p/e/damaged"])] {
            for ref in refs {
                expectSuccess(
                    try place.artifact(user, ["commit", "--repo", place.local, place.tree(ref), ref]))
            }
            expectSuccess(try place.push(user, refs))
        }
        expectSuccess(
            try place.artifact(
                other,
                [
                    "delete", "--remote", place.cache, "--receiver",
                    shellWords(["\(place.programs)/bst-artifact-receive", "--allow-delete"]), "p/e/deleted",
                ]))
        // A time that only the owner of the ref's file could set.
        let commit = try OSTreeCommand.revParse(place.cache, "p/e/used")
        let reference = "\(place.cache)/refs/heads/p/e/used"
        try run(["touch", "-d", "2020-01-01", reference]).checked()
        let log = try place.directory.file(
            "access.log",
            "127.0.0.1 - - [01/Jan/2024:00:00:00 +0000] \"GET /objects/\(commit.prefix(2))/"
                + "\(commit.dropFirst(2)).commit HTTP/1.1\" 200 100 \"-\" \"ostree\"\n")
        let expire = try place.artifact(
            other, ["repo", "expire", "--repo", place.cache, "--access-log", log])
        expectSuccess(expire)
        #expect(expire.text.contains("1 pull noted"), "\(expire.text)")
        let attributes = try FileManager.default.attributesOfItem(atPath: reference)
        let used = try #require(attributes[.modificationDate] as? Date)
        #expect(used > Date(timeIntervalSince1970: 1_700_000_000))
        expectSuccess(
            try place.artifact(other, ["repo", "pin", "--repo", place.cache, "p/e/kept", "p/e/damaged"]))
        // What is pinned stays, so that it cannot be done; the rest goes.
        let expiry = try place.artifact(other, ["repo", "expire", "--repo", place.cache, "--max-size", "1"])
        #expect(expiry.status == .exited(2))
        #expect(try OSTreeCommand.refs(place.cache) == ["p/e/damaged", "p/e/kept"])
        // The second member's own object, which the first one finds and removes.
        let damaged = try OSTreeCommand.revParse(place.cache, "p/e/damaged")
        try Data("nonsense".utf8).write(
            to: URL(
                fileURLWithPath: place.cache + ObjectPath.path("\(damaged).commit"))
        )
        let fsck = try place.artifact(one, ["repo", "fsck", "--delete", "--repo", place.cache])
        #expect(fsck.text.contains("1 damaged object removed"), "\(fsck.text)\(fsck.errorText)")
        expectSuccess(try place.ostree(one, place.cache, ["refs", "--delete", "p/e/damaged"]))
        expectSuccess(try place.ostree(one, place.cache, ["prune", "--refs-only"]))
        expectSuccess(try place.ostree(other, place.cache, ["refs", "--delete", "p/e/kept"]))
        try OSTreeCommand.fsck(place.cache)
    }

    @Test func `What another member's interrupted push has left is in nobody's way`() throws {
        let place = try SharedPlace(.groupOption)
        let (one, other) = (place.group.members[0], place.group.members[1])
        let left = "\(place.cache)/tmp/bst-artifact-left"
        try one.run(["mkdir", "-m", "700", left]).checked()
        for user in [other, one] {
            expectSuccess(
                try place.artifact(user, ["commit", "--repo", place.local, place.tree(user.name), "p/e/a"]))
            expectSuccess(try place.artifact(other, ["repo", "recover", "--repo", place.cache]))
            expectSuccess(try place.push(user, ["--force", "p/e/a"]))
            // Its owner clears it up.
            #expect(FileManager.default.fileExists(atPath: left) == (user.name == other.name))
        }
    }

    @Test func `init --group shares a repository that is there, and its objects stay right`() throws {
        let group = try TestGroup()
        for mode in OSTreeCommand.Mode.allCases {
            let directory = try TemporaryDirectory()
            let (repository, tree) = (directory.path("repository"), directory.path("tree"))
            try OSTreeCommand.initRepo(repository, mode: mode)
            try directory.file("tree/objects/file", "some text")
            let options = mode == .bareUserOnly ? ["--canonical-permissions", "--no-xattrs"] : []
            try OSTreeCommand.commit(
                repository, tree: tree, refs: ["objects/tmp/bst-artifact-x"], options: options)
            let name =
                "\(mode)".contains("User") ? (mode == .bareUser ? "bare-user" : "bare-user-only") : "\(mode)"
            for _ in 0..<2 {
                expectSuccess(
                    try run([Programs.artifact(), "init", "--group", group.name, "--mode", name, repository]))
            }
            for part in [
                "", "/objects", "/refs/heads/objects/tmp", "/tmp", "/state", "/config",
                "/refs/heads/objects/tmp/bst-artifact-x",
            ] {
                let found = try run(["stat", "-c", "%G %A", repository + part]).text
                #expect(found.hasPrefix("\(group.name) "), "\(mode) \(part) \(found)")
                #expect(Array(found.split(separator: " ")[1])[5] == "w", "\(mode) \(part) \(found)")
            }
            try OSTreeCommand.fsck(repository)
        }
    }

    @Test(arguments: ["000", "002", "077"])
    func `A repository that is not shared has the usual permissions, whatever the umask is`(mask: String)
        throws
    {
        let user = try TestUser()
        let programs = "\(user.home)/bin"
        for program in [try Programs.artifact(), try Programs.receiver()] { _ = try user.install(program) }
        let script = """
            set -e; umask \(mask); PATH=\(programs):$PATH
            mkdir tree; echo hello > tree/file; chmod -R go+rX tree
            bst-artifact init cache; bst-artifact init --mode bare-user local
            bst-artifact commit --repo local tree a/b/c
            bst-artifact push --repo local --remote "$PWD/cache" --receiver bst-artifact-receive a/b/c
            bst-artifact repo pin --repo "$PWD/cache" a/b/c
            bst-artifact repo summary --repo "$PWD/cache"
            """
        expectSuccess(try user.run(["sh", "-c", script], environment: Stage.cleanEnvironment))
        let wrong = try run([
            "find", "\(user.home)/cache", "!", "-name", ".lock", "!", "(", "-type", "d", "-perm", "0755", ")",
            "!", "(",
            "-type", "f", "-perm", "0644", ")",
        ])
        #expect(wrong.lines == [])
    }

    @Test func `A group that there is not is a mistake that is named`() throws {
        let directory = try TemporaryDirectory()
        let result = try run([
            Programs.artifact(), "init", "--group", "no-such-group", directory.path("cache"),
        ])
        #expect(!result.succeeded)
        #expect(result.errorText.contains("There is no group 'no-such-group'"))
        #expect(!FileManager.default.fileExists(atPath: directory.path("cache")))
    }

    /// Expects that all directories, and all files but objects, can be written by both members.
    private func expectMembersMayWrite(_ repository: String, of place: SharedPlace) throws {
        for member in place.group.members {
            let refused = try member.run([
                "find", repository, "!", "-writable", "!", "-path", "*/objects/*/*",
                // ostree writes these for their owner alone; they are replaced, and not written to.
                "!", "-name", "config", "!", "-path", "*/refs/heads/p/o/*",
            ])
            #expect(refused.lines == [], "\(member.name)")
            let unreadable = try member.run(["find", repository, "!", "-readable"])
            #expect(unreadable.lines == [], "\(member.name)")
        }
    }
}
