// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing

/// A file object.
@Suite struct BadFileTests {
    private static let good = ArchivedFile()

    private static func changed(_ change: (inout [UInt8]) -> Void) -> SampleObject {
        var object = good.object()
        change(&object.bytes)
        return object
    }

    private static let content: [BadObject] = [
        BadObject(
            "under a wrong checksum", SampleObject(ArchivedFile(content: [1]).name, good.object().bytes)),
        BadObject("whose content was changed", changed { $0[$0.count - 1] ^= 1 }),
        BadObject("of no bytes", changed { $0 = [] }),
        BadObject("cut within its prefix", changed { $0 = Array($0[..<7]) }),
        BadObject("cut behind its prefix", changed { $0 = Array($0[..<8]) }),
        BadObject("cut within its header", changed { $0 = Array($0[..<20]) }),
        BadObject("cut behind its header", good.object(body: [])),
        BadObject("whose deflate stream is cut", changed { $0.removeLast() }),
        BadObject(
            "whose deflate stream lacks its end", good.object(body: [0, 8, 0, 247, 255] + good.content)),
        BadObject("with a byte after its deflate stream", changed { $0.append(0) }),
        BadObject(
            "with a second deflate stream",
            good.object(body: ArchivedFile.deflated(good.content) + ArchivedFile.deflated([]))),
        BadObject("that is not deflated", good.object(body: [7] + good.content)),
        BadObject(
            "that is deflated as zlib has it",
            good.object(body: [0x78, 0x9c] + ArchivedFile.deflated(good.content))),
        BadObject("with content longer than stated", ArchivedFile(statedSize: 7).object()),
        BadObject("with content where none is stated", ArchivedFile(statedSize: 0).object()),
        BadObject("with content shorter than stated", ArchivedFile(statedSize: 9).object()),
        BadObject("with content far shorter than stated", ArchivedFile(statedSize: .max).object()),
    ]

    private static let headers: [BadObject] =
        [
            BadObject(
                "with a header of 4 GiB", changed { $0.replaceSubrange(0..<4, with: [255, 255, 255, 255]) }),
            BadObject("with a header of 2 MiB", changed { $0.replaceSubrange(0..<4, with: [0, 32, 0, 0]) }),
            BadObject("with a header of no bytes", changed { $0[3] = 0 }),
            BadObject("with a header said to be longer", changed { $0[3] += 1 }),
            BadObject("with a header said to be shorter", changed { $0[3] -= 1 }),
            BadObject(
                "with its header's size in the other order",
                changed {
                    $0[0] = $0[3]; $0[3] = 0
                }),
            BadObject("with a header that is not in normal form", changed { $0[7 + Int($0[3])] = 200 }),
        ]
        + (0..<4).map { index in
            BadObject("with byte \(index) of the padding set", changed { $0[4 + index] = 1 })
        }

    private static let kinds: [BadObject] =
        [0o020644, 0o060644, 0o010644, 0o140644, 0o040755, 0o000644, 0o170644, 0o1100644, 0o200100644].map {
            mode in
            BadObject("of mode \(String(mode, radix: 8))", ArchivedFile(mode: mode).object())
        } + [
            BadObject("with a device number", ArchivedFile(device: 0x0801).object()),
            BadObject("that is a regular file with a link's target", ArchivedFile(target: "/etc").object()),
            BadObject(
                "that is an empty file with a link's target",
                ArchivedFile(target: "/etc", content: []).object()),
            BadObject("that is a link without a target", ArchivedFile.link(to: "").object()),
            BadObject(
                "that is a link with content",
                ArchivedFile(mode: 0o120777, target: "/etc", content: [1]).object()),
            BadObject(
                "that is a link with content that is not stated",
                ArchivedFile(mode: 0o120777, target: "/etc", content: [1], statedSize: 0).object()),
            BadObject(
                "that is a link with stated content",
                ArchivedFile(mode: 0o120777, target: "/etc", content: [], statedSize: 5).object()),
            BadObject(
                "that is a link followed by a deflate stream of nothing",
                ArchivedFile.link(to: "/etc").object(body: ArchivedFile.deflated([]))),
            BadObject(
                "that is a link of another name",
                SampleObject(good.name, ArchivedFile.link(to: "x").object().bytes)),
        ]

    private static let modes: [RepositoryMode] = [.archive, .bareUser, .bareUserOnly]

    @Test(arguments: modes)
    func `A file object of the samples is taken when nothing is wrong with it`(mode: RepositoryMode) throws {
        let scratch = try TemporaryDirectory()
        let quarantine = try scratch.repository(mode).makeQuarantine(.transient)
        for file in [Self.good, ArchivedFile(content: []), .link(to: "/etc")] {
            #expect(try quarantine.take(file.object(), pieces: 1))
            #expect(try quarantine.contains(file.name))
        }
    }

    @Test(arguments: modes)
    func `A file object with damaged content is refused`(mode: RepositoryMode) throws {
        try BadObject.expectRefusal(of: Self.content, by: mode)
    }

    @Test(arguments: modes)
    func `A file object with a damaged header is refused`(mode: RepositoryMode) throws {
        try BadObject.expectRefusal(of: Self.headers, by: mode)
    }

    @Test(arguments: modes)
    func `A file object that is neither a file nor a link is refused`(mode: RepositoryMode) throws {
        try BadObject.expectRefusal(of: Self.kinds, by: mode)
    }
}
