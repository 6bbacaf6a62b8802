// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Stage {
    /// The arguments of a pull into ``mine``.
    public func pulling(_ refs: [String]? = nil, from remote: String?, _ options: [String] = []) -> [String] {
        ["pull", "--repo", mine] + (remote.map { ["--remote", $0] } ?? []) + options + (refs ?? [ref])
    }

    /// Pulls into ``mine``, well or badly.
    ///
    /// - Parameters:
    ///   - refs: The refs; ``ref``, if `nil`.
    ///   - remote: The remote; the configured ones, if `nil`.
    public func pull(
        _ refs: [String]? = nil, from remote: String?, _ options: [String] = [],
        environment: [String: String?] = [:], timeout: Double = patience
    ) throws -> ProcessResult {
        try artifact(pulling(refs, from: remote, options), environment: environment, timeout: timeout)
    }

    /// Pulls, which must succeed, and checks the repository.
    @discardableResult
    public func pullWell(
        _ refs: [String]? = nil, from remote: String?, _ options: [String] = [],
        environment: [String: String?] = [:], timeout: Double = patience
    ) throws -> ProcessResult {
        let result = try pull(refs, from: remote, options, environment: environment, timeout: timeout)
            .checked()
        try OSTreeCommand.fsck(mine)
        return result
    }

    /// Pulls, which must fail with a status for failures, print nothing but messages, and change nothing that a reader
    /// of the repository could see.
    ///
    /// - Returns: the messages.
    public func pullBadly(
        _ refs: [String]? = nil, from remote: String?, _ options: [String] = [],
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

    /// Lists the refs of a remote.
    public func list(_ arguments: [String] = [], from remote: String, environment: [String: String?] = [:])
        throws -> ProcessResult
    {
        try artifact(["list", "--remote", remote] + arguments, environment: environment)
    }

    /// The contents of ``mine`` that readers can see.
    public var visible: TreeSnapshot {
        get throws { try TreeSnapshot(mine, excluding: ["tmp"]) }
    }

    /// The objects, as paths of a web server, that interrupted pulls have verified so far.
    public var verified: Set<String> {
        get throws {
            var found: Set<String> = []
            for quarantine in try Reader.leftovers(mine) {
                for type in ["filez", "dirtree", "dirmeta"] {
                    let path = "\(mine)/tmp/\(quarantine)/\(type)"
                    let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
                    // What is being written has its name already, and cannot be read yet.
                    let whole = names.filter { name in
                        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
                        return (attributes?[.posixPermissions] as? Int ?? 0) & 0o400 != 0
                    }
                    // Files of new directories have their last names.
                    let checksums = whole.map { $0.filter(\.isHexDigit).prefix(64) }.filter { $0.count == 64 }
                    found.formUnion(checksums.map { ObjectPath.path("\($0).\(type)") })
                }
                let salvage = "\(mine)/tmp/\(quarantine)/reserve"
                let names = (try? FileManager.default.contentsOfDirectory(atPath: salvage)) ?? []
                found.formUnion(names.map(ObjectPath.path))
            }
            return found
        }
    }

    /// Expects that a ref is here at the cache's commit, and that its checkout equals the committed tree.
    ///
    /// - Parameters:
    ///   - ref: The ref; ``ref``, if `nil`.
    ///   - other: The stage of the cache; this one, if `nil`.
    ///   - count: The number of quarantines that may be left behind.
    public func expectPulled(
        _ ref: String? = nil, from other: Stage? = nil, leftovers count: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let (ref, origin) = (ref ?? self.ref, other ?? self)
        let commit = try OSTreeCommand.revParse(mine, ref)
        // ostree itself has written the cache's ref.
        let there = try text(ofFile: "\(origin.cache)/refs/heads/\(ref)").dropLast()
        #expect(commit == there, sourceLocation: sourceLocation)
        let place = try TemporaryDirectory()
        try OSTreeCommand.checkout(mine, commit, to: place.path("out"))
        let differences = try TreeSnapshot(place.path("out")).differences(from: TreeSnapshot(origin.tree))
        #expect(differences == [], sourceLocation: sourceLocation)
        #expect(try Reader.leftovers(mine).count == count, sourceLocation: sourceLocation)
    }
}
