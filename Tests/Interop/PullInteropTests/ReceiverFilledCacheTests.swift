// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct ReceiverFilledCacheTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive], ["ostree", "bst-artifact"])
    func `What our receiver took in is pulled as it was committed`(
        mode: OSTreeCommand.Mode, client: String
    ) throws {
        let source = try Stage(.bareUser)
        let tree = try SampleTree(at: source.tree)
        let ref = "project/element/key"
        let commit = try OSTreeCommand.commit(source.mine, tree: tree.path, refs: [ref])
        let cache = source.directory.path("new")
        try source.artifact(["init", cache]).checked()
        try source.push([ref], to: cache).checked()
        try OSTreeCommand.fsck(cache)

        let server = try WebServer(directory: cache)
        let stage = try Stage(mode)
        if client == "ostree" {
            try OSTreeCommand.addRemote(
                stage.mine, "cache", url: server.http2URL, options: ["--set=tls-ca-path=\(server.caFile)"])
            try OSTreeCommand.pull(stage.mine, remote: "cache", refs: [ref])
            try OSTreeCommand.lines(stage.mine, ["refs", "--create=\(ref)", "cache:\(ref)"])
        } else {
            try stage.pullWell([ref], from: server.http2URL, ["--ca", server.caFile])
        }
        try OSTreeCommand.fsck(stage.mine)
        #expect(try OSTreeCommand.revParse(stage.mine, ref) == commit)
        let out = stage.directory.path("out")
        try OSTreeCommand.checkout(stage.mine, ref, to: out)
        #expect(try TreeSnapshot(out).differences(from: TreeSnapshot(tree.path)) == [])
    }
}
