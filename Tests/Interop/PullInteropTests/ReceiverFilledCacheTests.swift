// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct ReceiverFilledCacheTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive], ["ostree", "bst-artifact"])
    func `What our receiver took in is pulled as it was committed`(
        mode: OSTreeCommand.Mode, client: String
    ) throws {
        let source = try Builder()
        let tree = try SampleTree(at: source.directory.path("tree"))
        let ref = "project/element/key"
        let commit = try OSTreeCommand.commit(source.repository, tree: tree.path, refs: [ref])
        let place = try TemporaryDirectory()
        let cache = place.path("cache")
        try run([Programs.artifact(), "init", cache]).checked()
        try run(
            [Programs.artifact(), "push", "--repo", source.repository, "--remote", cache, ref],
            environment: source.environment
        ).checked()
        try OSTreeCommand.fsck(cache)

        let server = try WebServer(folder: cache)
        let builder = try Builder(mode: mode)
        if client == "ostree" {
            try OSTreeCommand.addRemote(
                builder.repository, "cache", url: server.http2URL,
                options: ["--set=tls-ca-path=\(server.caFile)"])
            try OSTreeCommand.pull(builder.repository, remote: "cache", refs: [ref])
            try OSTreeCommand.lines(builder.repository, ["refs", "--create=\(ref)", "cache:\(ref)"])
        } else {
            try builder.pullWell([ref], from: server.http2URL, ["--ca", server.caFile])
        }
        try OSTreeCommand.fsck(builder.repository)
        #expect(try OSTreeCommand.revParse(builder.repository, ref) == commit)
        let out = place.path("out")
        try OSTreeCommand.checkout(builder.repository, ref, to: out)
        #expect(try TreeSnapshot(out).differences(from: TreeSnapshot(tree.path)) == [])
    }
}
