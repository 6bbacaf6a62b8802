// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants
import WireSamples

extension Attack {
    static let sum = [UInt8](repeating: 0xab, count: 32)

    private static let names: [(String, String)] = [
        ("an empty name", ""), ("a dot", "."), ("two dots", ".."), ("a slash", "/"), ("a path", "a/b"),
        ("an absolute path", "/etc"), ("a path that leads up", "../x"), ("a slash at the end", "a/"),
        ("a name of 256 bytes", String(repeating: "n", count: 256)),
        ("a name of 60,000 bytes", String(repeating: "n", count: 60_000)),
        ("an order to a terminal and a slash", "\u{1b}[2J/"),
    ]

    /// A dirtree of one file, with these bytes in place of its name, which is as long.
    private static func renamed(_ placeholder: String, _ name: [UInt8]) -> SampleObject {
        let object = SampleObject.dirtree(files: [(placeholder, sum)])
        var bytes = object.bytes
        if let place = bytes.indices.first(where: { bytes[$0...].starts(with: Array(placeholder.utf8)) }) {
            bytes.replaceSubrange(place..<place + name.count, with: name)
        }
        return SampleObject(.dirtree, bytes: bytes)
    }

    private static func dirtree(
        _ name: String, _ words: String, _ tree: @escaping @Sendable () -> SampleObject
    ) -> [Attack] {
        object(name, .dirtrees, refused(words)) { tree().member }
    }

    private static let notAName = "is not a file name"
    private static let notSorted = "not sorted and unique"
    private static let notWellFormed = "not a well-formed dirtree"

    static let dirtrees: [Attack] = table {
        for (name, text) in names {
            dirtree("a file with \(name)", notAName) { .dirtree(files: [(text, sum)]) }
            dirtree("a directory with \(name)", notAName) { .dirtree(directories: [(text, sum, sum)]) }
        }
        dirtree("unsorted files", notSorted) { .dirtree(files: [("b", sum), ("a", sum)]) }
        dirtree("unsorted directories", notSorted) {
            .dirtree(directories: [("b", sum, sum), ("a", sum, sum)])
        }
        dirtree("files sorted without regard to case", notSorted) {
            .dirtree(files: [("a", sum), ("B", sum)])
        }
        dirtree("a file twice", notSorted) { .dirtree(files: [("a", sum), ("a", sum)]) }
        dirtree("a directory twice", notSorted) { .dirtree(directories: [("a", sum, sum), ("a", sum, sum)]) }
        dirtree("a file and a directory of one name", "stands in it twice") {
            .dirtree(files: [("a", sum)], directories: [("a", sum, sum)])
        }
        dirtree("a name that is no UTF-8", notWellFormed) { renamed("aa", [0xff, 0xfe]) }
        dirtree("a name that is cut UTF-8", notWellFormed) { renamed("aa", [0x61, 0xc3]) }
        dirtree("a slash in overlong UTF-8", notWellFormed) { renamed("aa", [0xc0, 0xaf]) }
        dirtree("half a surrogate", notWellFormed) { renamed("aaa", [0xed, 0xa0, 0x80]) }
        dirtree("a NUL in a name", notWellFormed) { renamed("aaa", [0x61, 0, 0x61]) }
    }

    // MARK: Deep and wide

    private static let dirmeta = SampleObject.dirmeta()

    /// Trees, each of which has the one before in it `times` times.
    static func chain(_ depth: Int, times: Int = 1) -> [SampleObject] {
        var trees = [SampleObject.dirtree()]
        for _ in 1..<depth {
            let below = trees[trees.count - 1].checksum.bytes
            trees.append(
                .dirtree(directories: (0..<times).map { ("\(10 + $0)", below, dirmeta.checksum.bytes) }))
        }
        return trees
    }

    /// A whole push of these trees, the last of which is the root.
    private static func push(_ trees: [SampleObject], _ others: [SampleObject] = []) -> [UInt8] {
        let commit = SampleObject.commit(
            tree: trees[trees.count - 1].checksum.bytes, metadata: dirmeta.checksum.bytes)
        let members = (trees + others + [dirmeta, commit]).map(\.member)
        return Version(number: 1).push(members, [("a/b/c", Frame.nothing, "\(commit.checksum)")])
    }

    private static func tree(
        _ name: String, _ outcome: Outcome, seconds: Double = 30, _ push: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        Attack(name, .trees, outcome, seconds: seconds) { AttackInput(bytes: push()) }
    }

    static let trees: [Attack] = table {
        [
            tree("256 levels, which are allowed", .success([:])) { push(chain(256)) },
            tree("257 levels", refused("deeper than 256")) { push(chain(257)) },
            tree("10,000 levels", refused("deeper than 256")) { push(chain(10_000)) },
            tree("2^200 directories, all the same one", .success([:])) { push(chain(201, times: 2)) },
            tree("10^200 directories, all the same one", .success([:])) { push(chain(201, times: 10)) },
            tree("257 levels, the upper ones behind a tree that was seen", refused("deeper than 256")) {
                let trees = chain(257)
                let root = SampleObject.dirtree(directories: [
                    ("a", trees[100].checksum.bytes, dirmeta.checksum.bytes),
                    ("b", trees[255].checksum.bytes, dirmeta.checksum.bytes),
                ])
                return push(trees.dropLast() + [root])
            },
            tree("100,000 files, all the same one", .success([:])) {
                push([wide(100_000, Pushed.sample.file.checksum.bytes)], [Pushed.sample.file])
            },
            tree("100,000 files that are not there", refused("was neither sent")) {
                push([wide(100_000, sum)])
            },
            tree("100,000 directories, all the same one", .success([:])) {
                let empty = SampleObject.dirtree()
                return push([
                    empty,
                    LargeObject.dirtree(
                        directories: (0..<100_000).map {
                            ("\(100_000 + $0)", empty.checksum.bytes, dirmeta.checksum.bytes)
                        }),
                ])
            },
            tree("100,000 directories that are not there", refused("was neither sent")) {
                push([
                    LargeObject.dirtree(
                        directories: (0..<100_000).map { ("\(100_000 + $0)", sum, dirmeta.checksum.bytes) })
                ])
            },
            tree("a directory of 9 MiB that has files and a directory", .success([:]), seconds: 60) {
                let empty = SampleObject.dirtree()
                return push([empty, large("directory", empty)], [Pushed.sample.file])
            },
            tree("5 levels of directories of 9 MiB", refused("at most"), seconds: 60) {
                var trees = [SampleObject.dirtree()]
                for level in 0..<5 { trees.append(large("level \(level)", trees[level])) }
                return push(trees, [Pushed.sample.file])
            },
        ]
    }

    /// A dirtree of 9 MiB: many files with long names, and a directory.
    private static func large(_ name: String, _ directory: SampleObject) -> SampleObject {
        let file = Pushed.sample.file.checksum.bytes
        let long = String(repeating: "n", count: 240)
        return LargeObject.dirtree(
            files: (0..<33_000).map { ("\(100_000 + $0)\(long)", file) },
            directories: [(name, directory.checksum.bytes, dirmeta.checksum.bytes)])
    }

    private static func wide(_ count: Int, _ checksum: [UInt8]) -> SampleObject {
        LargeObject.dirtree(files: (0..<count).map { ("\(100_000 + $0)", checksum) })
    }
}
