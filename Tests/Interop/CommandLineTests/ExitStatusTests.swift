// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The statuses that docs/CLI.md promises.
@Suite struct ExitStatusTests {
    @Test(arguments: [
        ("push --repo mine --remote CACHE hello/base/4f2a", Int32(0)),
        ("pull --repo nowhere --remote CACHE a", 3),
        ("push --repo mine --remote CACHE no/such/ref", 3),
        ("pull --repo mine --remote CACHE no/such/ref", 3),
        ("push --repo mine --remote nonsense hello/base/4f2a", 3),
        ("pull --repo mine --remote http://127.0.0.1:1/x a", 4),
        ("pull --repo mine --remote https://name.invalid/x a", 4),
        ("delete --remote CACHE hello/base/4f2a", 5), ("push --bad", 64),
        ("push --repo mine --remote ssh://-x/ hello/base/4f2a", 64),
        ("push --repo mine --remote CACHE/none hello/base/4f2a", 5),
    ])
    func `The status says what kind of failure it was`(_ line: String, _ status: Int32) throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) hello/base/4f2a")
        let result = try stage.run("bst-artifact " + line.replacing("CACHE", with: stage.cache))
        #expect(result.status == .exited(status), "\(result.errorText)")
    }

    @Test func `A diverged ref leaves the push incomplete`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) hello/base/4f2a")
        // Two artifacts, which have no parent, replace each other.
        try stage.well(
            "ostree --repo=mine commit --branch=hello/base/4f2a --parent=\(stage.second) --tree=ref=world/app/11aa"
        )
        let result = try stage.run("bst-artifact push --repo mine --remote \(stage.cache) --all --json")
        #expect(result.status == .exited(2))
        #expect(result.text.contains(#""complete":false"#) && result.text.contains(#""outcome":"diverged""#))
        #expect(try OSTreeCommand.revParse(stage.cache, "world/app/11aa") == stage.second)
    }

    @Test func `Damage has a status of its own`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        let files =
            FileManager.default.enumerator(atPath: "\(stage.cache)/objects")?.allObjects as? [String] ?? []
        for file in files where file.hasSuffix(".filez") { truncate("\(stage.cache)/objects/\(file)", 20) }
        #expect(try stage.run("bst-artifact repo fsck --repo cache").status == .exited(6))
        #expect(
            try stage.run("bst-artifact pull --repo mine2 --remote \(stage.cache) --all a/b").status
                == .exited(64))
        try stage.well("bst-artifact init --mode bare-user mine2")
        #expect(
            try stage.run(
                "bst-artifact pull --repo mine2 --remote \(stage.cache) hello/base/4f2a world/app/11aa"
            ).status
                == .exited(6))
    }

    @Test func `The table in the documentation has all of them`() throws {
        let page = try String(contentsOfFile: "\(Programs.repositoryRoot)/docs/CLI.md", encoding: .utf8)
        let section =
            page.components(separatedBy: "\n## Exit status\n").last?.components(separatedBy: "\n## ")[0] ?? ""
        for status in [0, 1, 2, 3, 4, 5, 6, 64] {
            #expect(section.contains("| \(status) |"), "\(status)")
        }
    }
}
