// SPDX-License-Identifier: Apache-2.0

import Testing

extension Stage {
    /// The arguments of a push from ``mine``.
    public func pushing(
        _ refs: [String], from repository: String? = nil, to remote: String? = nil, _ options: [String] = []
    ) -> [String] {
        ["push", "--repo", repository ?? mine, "--remote", remote ?? cache] + options + refs
    }

    /// Pushes from ``mine`` to ``cache``.
    ///
    /// - Parameters:
    ///   - repository: Another repository to push from.
    ///   - remote: Another address to push to.
    ///   - server: The server whose ssh is used.
    ///   - receiverOptions: Options of our receiver; it starts without any, and by itself, if `nil`.
    ///   - options: More options.
    public func push(
        _ refs: [String], from repository: String? = nil, to remote: String? = nil,
        over server: SSHServer? = nil, receiver receiverOptions: [String]? = nil, _ options: [String] = [],
        environment: [String: String?] = [:],
        timeout: Double = 120
    ) throws -> ProcessResult {
        let ssh = server.map { ["--ssh", shellWords($0.sshCommand)] } ?? []
        let receiver = try receiverOptions.map(Stage.receiver)
        return try artifact(
            pushing(refs, from: repository, to: remote, ssh + (receiver ?? []) + options),
            environment: environment, timeout: timeout)
    }

    /// The option of a client that names our receiver, with options of its own.
    public static func receiver(_ options: [String]) throws -> [String] {
        ["--receiver", shellWords([try Programs.receiver()] + options)]
    }

    /// Expects that refs of ``cache`` are where they were pushed to, and that it is sound.
    public func expectArrived(
        _ refs: [String], at commit: String, _ location: SourceLocation = #_sourceLocation
    ) throws {
        try TestSupport.expectArrived(refs, at: commit, in: cache, location)
    }
}

/// Expects that refs of a cache are where they were pushed to, and that the cache is sound.
public func expectArrived(
    _ refs: [String], at commit: String, in cache: String, _ location: SourceLocation = #_sourceLocation
) throws {
    let found = try? OSTreeCommand.lines(cache, ["rev-parse"] + refs)
    #expect(found == refs.map { _ in commit }, "\(refs) in \(cache)", sourceLocation: location)
    #expect(throws: Never.self, sourceLocation: location) { try OSTreeCommand.fsck(cache) }
    let leftovers = try Reader.leftovers(cache)
    #expect(leftovers.isEmpty, sourceLocation: location)
}

/// The number of objects that the last line of a push names.
public func objectsSent(_ result: ProcessResult) throws -> Int {
    let line = try #require(result.lines.last { $0.hasPrefix("pushed ") }, "\(result.errorText)")
    return try #require(Int(line.split(separator: " ")[1]))
}

/// Expects that a program did its work.
public func expectSuccess(_ result: ProcessResult, _ location: SourceLocation = #_sourceLocation) {
    #expect(
        result.succeeded, "\(result.status)\n\(result.errorText)\(result.text)", sourceLocation: location)
}

/// Runs something that must fail, say why, and leave repositories as they were.
///
/// - Parameters:
///   - words: Parts of the messages on standard error.
///   - status: The status: 1 stands for all that failures have, among which `ExitStatusTests` tells apart; any but 0, if `nil`.
/// - Returns: its exit status or signal, and its output.
@discardableResult
public func expectFailure(
    _ words: String..., status: Int32? = nil, unchanged repositories: [String],
    _ location: SourceLocation = #_sourceLocation, _ body: () throws -> ProcessResult
) throws -> ProcessResult {
    let before = try repositories.map { try Reader.snapshot($0) }
    let result = try body()
    let told = "\(result.status)\n\(result.errorText)\(result.text)"
    if status == 1 {
        #expect(result.failed, "\(told)", sourceLocation: location)
    } else if let status {
        #expect(result.status == .exited(status), "\(told)", sourceLocation: location)
    } else {
        #expect(!result.succeeded, "\(told)", sourceLocation: location)
        #expect(!"\(result.status)".hasPrefix("signal"), "\(told)", sourceLocation: location)
    }
    for word in words {
        #expect(result.errorText.contains(word), "\(told)", sourceLocation: location)
    }
    for (repository, before) in zip(repositories, before) {
        let differences = try Reader.snapshot(repository).differences(from: before)
        #expect(differences.isEmpty, "\(repository)", sourceLocation: location)
        let garbage = try Reader.garbage(repository)
        #expect(garbage.isEmpty, "\(repository)/tmp", sourceLocation: location)
    }
    return result
}
