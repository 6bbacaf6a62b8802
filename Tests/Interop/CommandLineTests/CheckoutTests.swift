// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `checkout` where owners and extended attributes can be restored, and where they cannot.
@Suite(.enabled(if: geteuid() == 0, "only root can make files of other owners"))
struct CheckoutTests {
    private static let withoutCapabilities = ["setpriv", "--bounding-set=-all", "--"]

    private static var hasUserNamespaces: Bool {
        (try? TestSupport.run(["unshare", "--user", "--map-root-user", "true"]).succeeded) == true
    }

    private let stage: Stage
    /// An archive repository whose ref `owned` has a file of somebody else, and `marked` one with an attribute that is root's.
    private let repository: String
    private let place: String

    init() throws {
        stage = try Stage.withArtifacts()
        place = try stage.directory.makeDirectory("place")
        let owned = try stage.directory.makeDirectory("owned/closed")
        try stage.directory.file("owned/closed/theirs", "theirs\n")
        for path in ["\(owned)/theirs", owned] {
            try TestSupport.run(["chown", "1234:2345", path]).checked()
        }
        chmod(owned, 0o555)
        try stage.directory.file("marked/file", "marked\n")
        try TestSupport.run([
            "setfattr", "-n", "trusted.bstt", "-v", "x", stage.directory.path("marked/file"),
        ]).checked()
        // Only a bare repository's commits have attributes.
        let bare = stage.directory.path("bare")
        try OSTreeCommand.initRepo(bare, mode: .bare)
        for name in ["owned", "marked"] {
            try OSTreeCommand.commit(bare, tree: stage.directory.path(name), refs: [name])
        }
        repository = stage.directory.path("archive")
        try OSTreeCommand.initRepo(repository, mode: .archive)
        try OSTreeCommand.lines(repository, ["pull-local", bare])
    }

    private func checkout(
        _ ref: String, _ options: [String] = [], as prefix: [String] = [], to target: String? = nil
    ) throws -> ProcessResult {
        try stage.run(
            prefix + [Programs.artifact(), "checkout", "--repo", repository, ref, target ?? "\(place)/out"]
                + options)
    }

    /// Numbers of owner and group of the file in `out`.
    private func owner(_ file: String) throws -> String {
        try TestSupport.run(["stat", "-c", "%u:%g", "\(place)/out/\(file)"]).checked().lines[0]
    }

    private func attributes(_ file: String) throws -> String {
        try TestSupport.run(["getfattr", "-m", "trusted", "\(place)/out/\(file)"]).checked().text
    }

    private func expectNothing(_ location: SourceLocation = #_sourceLocation) throws {
        #expect(try FileManager.default.contentsOfDirectory(atPath: place) == [], sourceLocation: location)
    }

    @Test func `Root gets owners and attributes`() throws {
        #expect(try checkout("owned").checked().errorText == "")
        #expect(try owner("closed/theirs") == "1234:2345" && owner("closed") == "1234:2345")
        try FileManager.default.removeItem(atPath: "\(place)/out")
        try checkout("marked").checked()
        #expect(try attributes("file").contains("trusted.bstt"))
    }

    @Test func `Root without capabilities gets files of its own, and is told why`() throws {
        let result = try checkout("owned", as: Self.withoutCapabilities).checked()
        #expect(result.errorText.contains("cannot be restored here"), "\(result.errorText)")
        #expect(result.errorText.contains("Operation not permitted"), "\(result.errorText)")
        #expect(try owner("closed/theirs") == "0:0")
        #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["out"])
    }

    @Test(.enabled(if: hasUserNamespaces, "this system lets nobody make user namespaces"))
    func `Root of a container without other users gets files of its own`() throws {
        let result = try checkout("owned", ["--json"], as: ["unshare", "--user", "--map-root-user"]).checked()
        #expect(result.errorText.contains("cannot be restored here"), "\(result.errorText)")
        #expect(result.text.contains(#""userMode":true"#), "\(result.text)")
        #expect(try owner("closed/theirs") == "0:0")
    }

    @Test func `Attributes that are refused are left out`() throws {
        let result = try checkout("marked", as: ["setpriv", "--bounding-set=-sys_admin", "--"]).checked()
        #expect(result.errorText.contains("cannot be restored here"), "\(result.errorText)")
        #expect(try attributes("file").isEmpty)
    }

    @Test func `Attributes that the file system does not know are left out`() throws {
        let script = """
            mount -t ramfs none "$1" || exit 77
            shift
            "$@" && cat "$PLACE/out/file"
            """
        let result = try stage.run(
            [
                "unshare", "--mount", "sh", "-c", script, "sh", place, Programs.artifact(), "checkout",
                "--repo", repository, "marked", "\(place)/out",
            ], environment: ["PLACE": place])
        #expect(result.succeeded && result.text.hasSuffix("marked\n"), "\(result.text)\(result.errorText)")
        #expect(result.errorText.contains("not supported"), "\(result.errorText)")
    }

    @Test func `What is asked for is neither guessed nor explained`() throws {
        let result = try checkout("owned", ["-U", "--json"]).checked()
        #expect(result.errorText == "" && result.text.contains(#""userMode":true"#))
        #expect(try owner("closed/theirs") == "0:0")
    }

    @Test func `Owners that must be restored and cannot be are a failure that leaves nothing`() throws {
        let result = try checkout("owned", ["--no-user-mode"], as: Self.withoutCapabilities)
        #expect(result.status == .exited(1) && result.errorText.contains("Operation not permitted"))
        try expectNothing()
        // With this capability alone, what has been given away can only be taken back.
        let alone = ["setpriv", "--bounding-set=-all,+chown", "--"]
        #expect(try checkout("owned", ["--no-user-mode"], as: alone).status == .exited(1))
        try expectNothing()
        #expect(try checkout("owned", as: alone).succeeded)
        #expect(try owner("closed/theirs") == "0:0")
    }

    @Test func `A checkout that fails half-way leaves nothing, whoever runs it`() throws {
        try stage.directory.file("owned/later/lost", "lost\n")
        chmod(stage.directory.path("owned/closed"), 0o555)
        let bare = stage.directory.path("bare")
        try OSTreeCommand.commit(bare, tree: stage.directory.path("owned"), refs: ["broken"])
        try OSTreeCommand.lines(repository, ["pull-local", bare, "broken"])
        let sum = try OSTreeCommand.lines(repository, ["ls", "-C", "broken", "/later/lost"])[0].split(
            separator: " ")[4]
        try FileManager.default.removeItem(
            atPath: "\(repository)/objects/\(sum.prefix(2))/\(sum.dropFirst(2)).filez")
        #expect(try checkout("broken").status == .exited(1))
        try expectNothing()
        let user = try TestUser()
        let program = try user.install(Programs.artifact())
        let own = "\(user.home)/own"
        try user.run(["mkdir", own]).checked()
        let result = try user.run([program, "checkout", "--repo", repository, "broken", "\(own)/out"])
        #expect(result.status == .exited(1) && result.errorText.contains(sum), "\(result.errorText)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: own) == [])
    }

    @Test func `A checkout that is interrupted leaves nothing`() throws {
        let many = try stage.directory.makeDirectory("many")
        for number in 0..<5_000 { #expect(mkdir("\(many)/\(number)", 0o755) == 0) }
        try OSTreeCommand.commit(repository, tree: many, refs: ["many"], options: ["--fsync=false"])
        let process = try stage.start(["checkout", "--repo", repository, "many", "\(place)/out"])
        #expect(
            eventually { (try? FileManager.default.contentsOfDirectory(atPath: place))?.isEmpty == false })
        kill(process.processID, SIGTERM)
        let result = try process.exchange([], timeout: patience)
        #expect(result.status == .exited(128 + SIGTERM) && result.errorText.contains("nothing of it is left"))
        try expectNothing()
    }

    @Test func `What is there is left as it is`() throws {
        try stage.directory.makeDirectory("place/out")
        let result = try checkout("owned")
        #expect(
            result.status == .exited(1) && result.errorText.contains("does not exist yet"),
            "\(result.errorText)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place)/out") == [])
        for taken in ["/", ".", "\(place)/", "\(place)/out/..", "\(place)/out///"] {
            #expect(try checkout("owned", to: taken).errorText.contains("does not exist yet"), "\(taken)")
        }
        let result2 = try checkout("owned", to: "\(place)/none/out")
        #expect(
            result2.errorText.contains("\(place)/none/ cannot be opened (No such file"),
            "\(result2.errorText)")
        #expect(try checkout("owned", to: "\(place)/new//").succeeded)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place)/new") == ["closed"])
    }
}
