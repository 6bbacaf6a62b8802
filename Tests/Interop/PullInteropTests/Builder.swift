// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A builder that pulls: a repository, and a home of its own without any configuration.
final class Builder: Sendable {
    /// The repository.
    let repository: String
    /// Where everything of the builder lies.
    let directory: TemporaryDirectory

    /// Makes a builder with an empty repository.
    init(mode: OSTreeCommand.Mode = .bareUser) throws {
        directory = try TemporaryDirectory()
        repository = directory.path("repo")
        try directory.folder("home/.config")
        try OSTreeCommand.initRepo(repository, mode: mode)
    }

    /// The variables of a user who has configured nothing, and whose machine needs no proxy.
    var environment: [String: String?] {
        var variables: [String: String?] = [
            "HOME": directory.path("home"), "TZ": "UTC", "TMPDIR": directory.path,
        ]
        for name in [
            "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "BST_ARTIFACT_SSH", "http_proxy", "https_proxy", "all_proxy",
            "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
        ] {
            variables.updateValue(nil, forKey: name)
        }
        return variables
    }

    /// Writes the user's configuration.
    func configure(_ text: String) throws {
        try directory.file("home/.config/buildstream.conf", text)
    }

    /// A command line that pulls into the repository.
    func pullCommand(_ refs: [String], from remote: String?, _ options: [String] = []) throws -> [String] {
        [try Programs.artifact(), "pull", "--repo", repository]
            + (remote.map { ["--remote", $0] } ?? []) + options + refs
    }

    /// Pulls, well or badly.
    func pull(
        _ refs: [String], from remote: String?, _ options: [String] = [],
        environment: [String: String?] = [:], timeout: Double = 60
    ) throws -> ProcessResult {
        try run(
            pullCommand(refs, from: remote, options),
            environment: self.environment.merging(environment) { $1 }, timeout: timeout)
    }

    /// Pulls, which must succeed, and checks the repository.
    @discardableResult
    func pullWell(
        _ refs: [String], from remote: String?, _ options: [String] = [],
        environment: [String: String?] = [:], timeout: Double = 60
    ) throws -> ProcessResult {
        let result = try pull(refs, from: remote, options, environment: environment, timeout: timeout)
            .checked()
        try OSTreeCommand.fsck(repository)
        return result
    }

    /// Pulls, which must fail with a status for failures, print nothing but messages, and change nothing that a reader
    /// of the repository could see.
    ///
    /// - Returns: the messages.
    func pullBadly(
        _ refs: [String], from remote: String?, _ options: [String] = [],
        environment: [String: String?] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let before = try visible
        let result = try pull(refs, from: remote, options, environment: environment)
        #expect(result.failed, sourceLocation: sourceLocation)
        #expect(result.text.isEmpty, sourceLocation: sourceLocation)
        #expect(result.errorText.contains("Error: "), sourceLocation: sourceLocation)
        #expect(try visible.differences(from: before) == [], sourceLocation: sourceLocation)
        return result.errorText
    }

    /// What readers of the repository can see.
    var visible: TreeSnapshot {
        get throws { try TreeSnapshot(repository, excluding: ["tmp"]) }
    }

    /// The folders that pulls have left for their successors.
    var leftovers: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: "\(repository)/tmp")
                .filter { $0.hasPrefix("bst-artifact-") }
        }
    }

    /// The objects, as paths of a web server, that interrupted pulls have verified so far.
    var verified: Set<String> {
        get throws {
            var found: Set<String> = []
            for folder in try leftovers {
                for type in ["filez", "dirtree", "dirmeta"] {
                    let path = "\(repository)/tmp/\(folder)/\(type)"
                    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
                    // What is being written has its name already, and cannot be read yet.
                    let whole = names.filter { name in
                        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
                        return (attributes?[.posixPermissions] as? Int ?? 0) & 0o400 != 0
                    }
                    found.formUnion(whole.map { Cache.path("\($0).\(type)") })
                }
                let reserve = "\(repository)/tmp/\(folder)/reserve"
                let names = (try? FileManager.default.contentsOfDirectory(atPath: reserve)) ?? []
                found.formUnion(names.map(Cache.path))
            }
            return found
        }
    }

    /// Checks that a ref is here as it is in the cache, and that it checks out as what was committed.
    func expectHas(
        _ cache: Cache, ref: String? = nil, leftovers count: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let commit = try OSTreeCommand.revParse(repository, ref ?? cache.ref)
        #expect(
            commit == (try OSTreeCommand.revParse(cache.repository, ref ?? cache.ref)),
            sourceLocation: sourceLocation)
        let place = try TemporaryDirectory()
        try OSTreeCommand.checkout(repository, commit, to: place.path("out"))
        let differences = try TreeSnapshot(place.path("out")).differences(from: TreeSnapshot(cache.tree))
        #expect(differences == [], sourceLocation: sourceLocation)
        #expect(try leftovers.count == count, sourceLocation: sourceLocation)
    }
}
