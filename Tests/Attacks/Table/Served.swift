// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TestSupport
import WireSamples

extension Attack {
    private static func served(
        _ name: String, _ words: String, options: [String] = [], refs: [String] = [],
        _ fault: @escaping @Sendable (String) -> Fault? = { _ in nil }
    ) -> Attack {
        served(
            name, words,
            by: ServedRepository(options: ["--timeout", "2"] + options, refs: refs, fault: fault))
    }

    private static func served(
        _ name: String, _ words: String, objects: @escaping @Sendable () -> [SampleObject]
    ) -> Attack {
        served(name, words, by: ServedRepository(objects: objects))
    }

    private static func served(_ name: String, _ words: String, by repository: ServedRepository) -> Attack {
        Attack(name, .served, refused(words), seconds: 60, play: .served(repository))
    }

    /// Serves these bytes in place of files with this ending.
    private static func replacing(
        _ suffix: String, by bytes: @escaping @Sendable () -> [UInt8]
    ) -> @Sendable (String) -> Fault? {
        { $0.hasSuffix(suffix) ? .replaceBody(bytes()) : nil }
    }

    /// A commit of this dirtree.
    private static func commit(of trees: [SampleObject]) -> [SampleObject] {
        let dirmeta = SampleObject.dirmeta()
        let root = trees.last ?? SampleObject.dirtree()
        return trees + [
            dirmeta, .commit(tree: root.checksum.bytes, metadata: dirmeta.checksum.bytes),
        ]
    }

    private static let isRef: @Sendable (String) -> Bool = { $0.contains("/refs/") }

    static let served: [Attack] = table {
        servedFiles
        servedMetadata
        servedObjects
    }

    @AttackBuilder private static var servedFiles: [Attack] {
        served(
            "files of other content", "has the checksum",
            replacing(".filez") { SampleCommit("other").file.bytes })
        served("files that end too early", "transfer closed") {
            $0.hasSuffix(".filez") ? .closeAfter(bytes: 20) : nil
        }
        served(
            "files of zeros", "is not well formed",
            replacing(".filez") { [UInt8](repeating: 0, count: 8 << 20) })
        served(
            "files beyond what is allowed", "at most 1048576", options: ["--max-object-size", "1M"],
            // Nothing else is wrong with them until their end: what is found first would be told.
            replacing(".filez") { manyZeros(claiming: 1 << 40) })
        served(
            "files that are 1 GiB", "longer than its header says",
            replacing(".filez") { manyZeros(claiming: 10) })
        served("files that are not there", "lacks object") { $0.hasSuffix(".filez") ? .status(404) : nil }
        served("nothing, for ever", "cannot fetch") { $0.hasSuffix(".dirtree") ? .delay(seconds: 600) : nil }
        served("nothing any more", "cannot fetch") { $0.hasSuffix(".dirtree") ? .dieForever : nil }
        served("errors", "answers 500") { _ in .status(500) }
        served("a page in place of everything", "of mode unknown") { _ in
            .replaceBody(Array("<html></html>".utf8))
        }
        served("redirections to another server", "redirects", refs: [ServedRepository.ref]) {
            $0 == "/config" ? nil : .redirect(to: "http://127.0.0.1:9/x")
        }
        served("redirections to files", "redirects") { _ in .redirect(to: "file:///etc/passwd") }
        served("redirections in a circle", "redirects") { .redirect(to: $0) }
        served("headers of 1 MiB", "Too large response headers") { _ in
            .answer(200, headers: (0..<1000).map { "X-\($0): \(String(repeating: "x", count: 1000))" })
        }
    }

    @AttackBuilder private static var servedMetadata: [Attack] {
        served("a summary of rubbish", "summary", replacing("/summary") { [UInt8](repeating: 7, count: 100) })
        served("no summary", "no summary") { $0 == "/summary" ? .status(404) : nil }
        served("a ref that is none", "no commit but other text", refs: [ServedRepository.ref]) {
            isRef($0) ? .replaceBody(Array("../../etc\n".utf8)) : nil
        }
        served("a ref without end", "more than 4096 bytes", refs: [ServedRepository.ref]) {
            isRef($0) ? .replaceBody([UInt8](repeating: 0x61, count: 8 << 20)) : nil
        }
        served("a ref of a commit that is not there", "lacks object", refs: [ServedRepository.ref]) {
            isRef($0) ? .replaceBody(Array("\(Pushed.stranger)\n".utf8)) : nil
        }
        served("no such ref", "has no ref", refs: ["other/ref"])
        served("a ref with an escape", "no name of a ref", refs: ["a/\u{1b}[2J"])
        served("a ref that leads up", "no name of a ref", refs: ["../../config"])
        served(
            "a configuration without end", "more than 65536 bytes",
            replacing("/config") { [UInt8](repeating: 0x23, count: 8 << 20) })
        served(
            "a repository of files", "of mode bare",
            replacing("/config") { Array("[core]\nrepo_version=1\nmode=bare\n".utf8) })
        served(
            "another commit", "has the checksum", replacing(".commit") { SampleCommit("other").commit.bytes })
        served(
            "a commit of 16 MiB", "more than 10485760 bytes",
            replacing(".commit") { [UInt8](repeating: 0, count: 16 << 20) })
        served("a commit of rubbish", "has the checksum", replacing(".commit") { Array("rubbish".utf8) })
        served(
            "a dirtree of 16 MiB", "and metadata at most 10485760",
            replacing(".dirtree") { [UInt8](repeating: 0, count: 16 << 20) })
        served("another dirtree", "has the checksum", replacing(".dirtree") { SampleObject.dirtree().bytes })
        served(
            "detached metadata of rubbish", "not well-formed detached metadata",
            replacing(".commitmeta") { Array("rubbish".utf8) })
        served(
            "detached metadata of 16 MiB", "and metadata at most 10485760",
            replacing(".commitmeta") { [UInt8](repeating: 0, count: 16 << 20) })
    }

    @AttackBuilder private static var servedObjects: [Attack] {
        for (name, text) in [("two dots", ".."), ("a path", "a/b"), ("nothing", "")] {
            served(
                "a file called by \(name)", "is not a file name",
                objects: {
                    commit(of: [.dirtree(files: [(text, ServedRepository.sample.file.checksum.bytes)])])
                })
        }
        served("a tree of 300 levels", "deeper than", objects: { commit(of: chain(300)) })
        served(
            "a tree that lacks a part", "lacks object",
            objects: {
                commit(of: [.dirtree(directories: [("a", sum, SampleObject.dirmeta().checksum.bytes)])])
            })
        served(
            "a device", "neither a file's nor a symbolic link's",
            objects: {
                let device = ArchivedFile(mode: 0o20644, device: 5, content: []).object()
                return [device] + commit(of: [.dirtree(files: [("device", device.checksum.bytes)])])
            })
    }
}
