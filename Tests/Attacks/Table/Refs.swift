// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants
import WireSamples

extension Attack {
    private static let notARef = "is not a valid ref name"

    private static let badRefs: [(String, String)] = [
        ("leads up", "../x"), ("leads up at its end", "a/.."), ("leads up within", "a/../../../etc/cron.d/x"),
        ("is absolute", "/x"), ("has two slashes", "x//y"), ("ends in a slash", "x/"), ("is an option", "-x"),
        ("is a long option", "--repo=/"), ("is a dot", "."), ("is two dots", ".."), ("holds a dot", "a/./b"),
        ("begins with a dot", "./a"), ("is empty", ""), ("is a slash", "/"), ("names a remote", "a:b"),
        ("names a collection", "a#b"), ("has a space", "a b"), ("has a newline", "a\nb"),
        ("has an order to a terminal", "a\u{1b}[2Jb"), ("has a command", "a$(touch x)"),
        ("has a backquote", "a`x`"),
        ("has a star", "a*"), ("has a caret", "a^"), ("has a tilde", "~/x"), ("has a backslash", "a\\b"),
        ("has percent signs", "%2e%2e/x"),
        ("has a combining accent", "a\u{301}"), ("is written from right to left", "\u{202e}a"),
        ("has a part of 256 letters", String(repeating: "a", count: 256)),
        ("has 10,000 letters", String(repeating: "a", count: 10_000)),
        ("begins with another dot", ".x"), ("is three dots", "..."),
        ("has a part that begins with a dot", "a/.b"),
        ("has a part that is an option", "a/-b"), ("looks like a checksum", Pushed.stranger),
        ("looks like no checksum", Frame.nothing),
        ("has 4,095 letters", String(repeating: "a/", count: 2_047) + "a"),
        ("has 5,000 parts", String(repeating: "a/", count: 5_000) + "a"),
    ]

    static let refNames: [Attack] = table {
        for (name, text) in badRefs {
            bytes("update: one that \(name)", .refNames, refused(notARef)) {
                Pushed.stream(ObjectStream(Pushed.members).tar, [(text, Frame.nothing, Pushed.commit)])
            }
            bytes("update: one that \(name), version 0", .refNames, refused(notARef), version: 0) {
                Version(number: 0).push(Pushed.members, [(text, Frame.nothing, Pushed.commit)])
            }
            bytes("info: one that \(name)", .refNames, refused(notARef)) {
                Frame.info([(text, Pushed.commit)]) + Frame.done()
            }
        }
        for name in [
            "x.lock", "x.commit", "_", "a.", "a/_b/c_", "refs/heads/x", "heads", "config", "HEAD",
            "x/\(Pushed.stranger)", String(Pushed.stranger.dropLast()), Pushed.stranger.uppercased(),
            "\u{430}/b",
        ] {
            objects(
                "one that looks odd, \(name.prefix(20)), and is valid", .refNames,
                .success([name: Pushed.commit]), updates: [(name, Frame.nothing, Pushed.commit)]
            ) {
                Pushed.members
            }
        }
        bytes("update: one with a NUL", .refNames, refused("update message is damaged")) {
            Frame.info() + Frame.update([("a\u{0}b", Frame.nothing, Pushed.commit)])
        }
        objects(
            "one of 4,000 letters", .refNames, .success([longest: Pushed.commit]), seconds: 60,
            updates: [(longest, Frame.nothing, Pushed.commit)]
        ) { Pushed.members }
    }

    private static let longest = String(repeating: "a/", count: 1_999) + "aa"

    private static let badCommits: [(String, String)] = [
        ("no digits", ""), ("63 digits", String(Pushed.commit.dropFirst())),
        ("65 digits", Pushed.commit + "0"),
        ("upper case digits", Pushed.stranger.uppercased()), ("a path", "../../../../etc/passwd"),
        ("a newline behind it", Pushed.commit + "\n"), ("a suffix", Pushed.commit + ".commit"),
        ("60,000 letters", String(repeating: "a", count: 60_000)), ("orders to a terminal", "\u{1b}[2J"),
    ]

    private static func update(
        _ name: String, _ outcome: Outcome, options: [String] = [], _ updates: [(String, String, String)],
        members: @escaping @Sendable () -> [Member] = { Pushed.members }
    ) -> [Attack] {
        objects(name, .refs, outcome, updates: updates, options: options, members)
    }

    private static let present = AttackedCache.present.checksum
    private static let presentRef = AttackedCache.presentRef
    private static let neither = "was neither sent nor is it in the repository"

    static let refs: [Attack] = table {
        for (name, text) in badCommits {
            update(
                "a commit of \(name)", refused("not 64 lower-case hexadecimal digits"),
                [("a", Frame.nothing, text)])
            update(
                "an old commit of \(name)", refused("not 64 lower-case hexadecimal digits"),
                [("a", text, Pushed.commit)])
            [
                bytes("info: a commit of \(name)", .refs, refused("not 64 lower-case hexadecimal digits")) {
                    Frame.info([("a", text)]) + Frame.done()
                }
            ]
        }
        update(
            "a removal", refused("wants ref there/already removed"), [(presentRef, present, Frame.nothing)])
        for object in Pushed.sample.objects.filter({ $0.name.type != .commit }) {
            update(
                "a ref to a \(object.name.type.rawValue) of the push, \(object.checksum.hex.prefix(4))",
                refused(neither), [("a", Frame.nothing, "\(object.checksum)")])
        }
        for object in AttackedCache.present.objects.filter({ $0.name.type != .commit }) {
            update(
                "a ref to a \(object.name.type.rawValue) that is there", refused(neither),
                [("a", Frame.nothing, "\(object.checksum)")])
        }
        update("a ref to no commit at all", refused(neither), [("a", Frame.nothing, Pushed.stranger)])
        update(
            "a good ref beside one to no commit", refused(neither),
            Pushed.updates + [("x", Frame.nothing, Pushed.stranger)])
        update(
            "one ref twice", refused("names ref a twice"),
            [("a", Frame.nothing, Pushed.commit), ("a", Frame.nothing, Pushed.commit)])
        update(
            "one ref twice, to two commits", refused("names ref a twice"),
            [("a", Frame.nothing, Pushed.commit), ("a", Frame.nothing, present)])
        update(
            "a ref and one below it", refused("cannot exist beside ref"),
            [("a", Frame.nothing, Pushed.commit), ("a/b", Frame.nothing, Pushed.commit)])
        update(
            "a ref and one far below it", refused("cannot exist beside ref"),
            [("a/b/c/d", Frame.nothing, Pushed.commit), ("a", Frame.nothing, Pushed.commit)])
        update(
            "a ref below one that is there", refused("cannot exist beside ref"),
            [("\(presentRef)/x", Frame.nothing, Pushed.commit)])
        update(
            "a ref above one that is there", refused("cannot exist beside ref"),
            [("there", Frame.nothing, Pushed.commit)])
        update(
            "an old commit where there is no ref", refused("does not exist"),
            [("a", Pushed.stranger, Pushed.commit)])
        update(
            "an old commit that is another one", refused("not at \(Pushed.stranger)"),
            [(presentRef, Pushed.stranger, Pushed.commit)])
        update(
            "a commit that does not descend from the old one", refused("does not descend"),
            options: ["--moves", "forward"], [(presentRef, present, Pushed.commit)])
        for (policy, outcome) in [
            ("artifacts", Outcome.success([presentRef: Pushed.commit])),
            ("any", .success([presentRef: Pushed.commit])),
            ("never", .success([presentRef: present])), ("forward", refused("does not descend")),
        ] {
            Attack(
                "a ref that is there, said to be absent, which moves by \(policy)", .refs, outcome,
                options: ["--moves", policy]
            ) {
                AttackInput(
                    bytes: Version(number: 1).push(
                        Pushed.members, [(presentRef, Frame.nothing, Pushed.commit)]))
            }
        }
        Attack(
            "a ref that is there, said to be absent, version 0", .refs, refused("exists already"),
            options: ["--protocol", "0"]
        ) {
            AttackInput(
                bytes: Version(number: 0).push(Pushed.members, [(presentRef, Frame.nothing, Pushed.commit)]))
        }
        bytes("an update that was not announced, as old clients send it", .refs, Pushed.success) {
            Frame.info([("x/y", Pushed.commit)])
                + Pushed.stream(ObjectStream(Pushed.members).tar).dropFirst(Frame.info().count)
        }
        bytes("an update without objects", .refs, .nothing) {
            Frame.info() + Frame.update(Pushed.updates) + Frame.done()
        }
        bytes("an update without objects, version 0", .refs, refused(neither), version: 0) {
            Frame.update(Pushed.updates, version: 0) + Frame.done(version: 0)
        }
        bytes("an update of no refs, with objects of one that nobody needs", .refs, .success([:])) {
            Pushed.stream(ObjectStream(Pushed.members).tar, [])
        }
        bytes("300 refs to no commit", .refs, refused(neither)) {
            Pushed.stream(
                ObjectStream(Pushed.members).tar,
                (0..<300).map { ("many/\($0)", Frame.nothing, Pushed.stranger) })
        }
    }

    static let policies: [Attack] = table {
        objects(
            "a ref that is not among the allowed ones", .policies, refused("a/b/c"),
            options: ["--allow-ref", "x/*"]
        ) { Pushed.members }
        objects("a ref that is denied", .policies, refused("a/b/c"), options: ["--deny-ref", "a/*"]) {
            Pushed.members
        }
        objects(
            "a denied ref beside an allowed one", .policies, refused("z"),
            updates: Pushed.updates + [("z", Frame.nothing, Pushed.commit)], options: ["--deny-ref", "z"]
        ) { Pushed.members }
        objects(
            "an object that is too large", .policies, refused("takes objects of at most 10"),
            options: ["--max-object-size", "10"]
        ) { Pushed.members }
        objects(
            "a push that is too large", .policies, refused("larger than this cache takes at once"),
            options: ["--max-push-size", "200"]
        ) { Pushed.members }
        objects(
            "a push into a cache that takes none", .policies, refused("takes no pushes"),
            options: ["--read-only"]
        ) { Pushed.members }
    }

    // MARK: What is there already

    static let replacements: [Attack] = table {
        objects("a file with other bytes, which are skipped", .replacement, Pushed.success) {
            [(AttackedCache.present.file.name.fileName, Pushed.sample.file.bytes)] + Pushed.members
        }
        objects("a dirtree with other bytes, which are skipped", .replacement, Pushed.success) {
            [(AttackedCache.present.root.name.fileName, [1, 2, 3])] + Pushed.members
        }
        objects("a dirmeta with other bytes, which are skipped", .replacement, Pushed.success) {
            [(AttackedCache.present.rootMetadata.name.fileName, [1, 2, 3])] + Pushed.members
        }
        objects("a commit with other bytes", .replacement, refused("has the checksum")) {
            [(AttackedCache.present.commit.name.fileName, Pushed.sample.commit.bytes)] + Pushed.members
        }
        objects(
            "other detached metadata of a commit that is no part of the push", .replacement,
            refused("is not part of this push")
        ) {
            [SampleObject.detached(AttackedCache.present.commit, "other").member] + Pushed.members
        }
        objects(
            "other detached metadata of a commit that is part of the push, which stays", .replacement,
            .success([presentRef: present, "x": present]), updates: [("x", Frame.nothing, present)]
        ) {
            [SampleObject.detached(AttackedCache.present.commit, "other").member]
        }
        objects(
            "other detached metadata with a commit that is sent again, which stays", .replacement,
            .success([presentRef: present]), updates: [(presentRef, present, present)]
        ) {
            [
                AttackedCache.present.commit.member,
                SampleObject.detached(AttackedCache.present.commit, "other").member,
            ]
        }
        objects(
            "detached metadata of a commit that is nowhere", .replacement, refused("is not part of this push")
        ) {
            [("\(Pushed.stranger).commitmeta", SampleObject.detached(Pushed.sample.commit, "other").bytes)]
                + Pushed.members
        }
        objects("detached metadata of a dirtree", .replacement, refused("is not part of this push")) {
            [
                (
                    "\(Pushed.sample.root.checksum).commitmeta",
                    SampleObject.detached(Pushed.sample.commit, "other").bytes
                )
            ] + Pushed.members
        }
    }
}
