// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A mirror of a repository of flatpaks.
@Suite struct FlatpakMirrorTests {
    typealias Kind = FlatpakStage.Kind

    /// A ref that a repository with a collection ID makes for itself.
    private static let metadata = "ostree-metadata"

    @Test(arguments: [Kind(), Kind(hasCollection: true)])
    func `Clients install and update from a mirror, which stays as it is where nothing has changed`(
        _ kind: Kind
    ) throws {
        let stage = try FlatpakStage(kind)
        let one = FlatpakStage.one
        try stage.build(one, version: 1)
        try stage.push([FlatpakStage.runtime, FlatpakStage.ref(one)])
        let path = stage.directory.path("mirrored")
        try OSTreeCommand.lines(
            path,
            ["init", "--mode=archive"]
                + (kind.hasCollection ? ["--collection-id=\(FlatpakStage.collection)"] : []))
        try stage.directory.file(
            "mirror.yaml",
            "repositories: [{path: \(path), remotes: [{url: \(stage.cache), prune-refs: yes}]}]")
        func mirror() throws -> ProcessResult {
            try stage.base.artifact(["mirror", "mirror.yaml"]).checked()
        }
        _ = try mirror()
        let refs = try OSTreeCommand.refs(path).filter { $0 != Self.metadata }
        #expect(try refs == OSTreeCommand.refs(stage.cache).filter { $0 != Self.metadata })
        #expect(refs.contains { $0.hasPrefix("appstream2/") })
        let before = try refs.map { try OSTreeCommand.revParse(path, $0) }
        let again = try mirror()
        #expect(again.lines == ["\(stage.cache): nothing new in \(refs.count) refs"])
        #expect(try refs.map { try OSTreeCommand.revParse(path, $0) } == before)

        let server = try WebServer(directory: path)
        try stage.addRemote(server.plainURL)
        try stage.install(one)
        #expect(try stage.installed(one) == "1\n")
        try stage.build(one, version: 2, permissions: "network;ipc;")
        try stage.push([FlatpakStage.ref(one)])
        _ = try mirror()
        _ = try stage.update()
        #expect(try stage.installed(one) == "2\n")
        #expect(try stage.found() == [one])
        #expect(try mirror().lines == ["\(stage.cache): nothing new in \(refs.count) refs"])
    }
}
