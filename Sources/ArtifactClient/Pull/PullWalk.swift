// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Offers requests for what commits lack, and brings what arrives into a quarantine.
final class PullWalk {
    private let quarantine: any Quarantine
    private let remote: String
    private let showProgress: (TransferProgress) -> Void
    private let showCommit: (Checksum) throws -> Void
    private let missing: MissingObjects
    /// Files that arrived spoilt once.
    private var spoilt: Set<ObjectName> = []
    private(set) var progress = TransferProgress()

    /// Prepares to fetch.
    ///
    /// - Parameter showCommit: is told of each commit that has arrived, before anything else of it is asked for. What it
    ///   throws ends the pull.
    init(
        _ quarantine: any Quarantine, remote: String, showProgress: @escaping (TransferProgress) -> Void,
        showCommit: @escaping (Checksum) throws -> Void
    ) {
        self.showCommit = showCommit
        self.quarantine = quarantine
        self.remote = remote
        self.showProgress = showProgress
        missing = MissingObjects(in: quarantine)
    }

    /// Adds a commit, with its detached metadata and its tree.
    func want(_ commit: Checksum) throws {
        try missing.add(commit)
    }

    /// The next request, or nil where nothing is known to be missing at the moment.
    func next() throws -> WebRequest? {
        try considerVerdicts(waiting: false)
        return try missing.next().map(request)
    }

    /// Waits for files that are still being verified.
    ///
    /// - Returns: whether there is more to fetch.
    func settle() throws -> Bool {
        try considerVerdicts(waiting: true)
    }

    /// - Returns: whether a file must be fetched again.
    @discardableResult
    private func considerVerdicts(waiting: Bool) throws -> Bool {
        var isMissing = false
        for verdict in quarantine.takeVerdicts(waiting: waiting) {
            guard let failure = verdict.failure else {
                try missing.arrived(verdict.name)
                continue
            }
            guard let error = failure as? RepositoryError, error.code == .badObject else { throw failure }
            // Another attempt may bring the right bytes, but not a third one.
            guard spoilt.insert(verdict.name).inserted else { throw wrongBytes(error) }
            missing.isSpoilt(verdict.name)
            isMissing = true
        }
        return isMissing
    }

    private func wrongBytes(_ error: RepositoryError) -> ClientError { .wrongBytes(error, from: remote) }

    private func request(_ name: ObjectName) -> WebRequest {
        var incoming: (any IncomingObject)?
        var count: UInt64 = 0
        return WebRequest(
            path: name.webPath,
            isOptional: name.type == .commitmeta,
            begin: { [self] in
                // An earlier attempt's file goes before the next one begins.
                incoming = nil
                count = 0
                let object = try quarantine.receive(name, size: nil)
                incoming = object
                return { [self] bytes in
                    count += UInt64(bytes.count)
                    try retriable { try object?.write(bytes) }
                }
            },
            end: { [self] result in
                switch result {
                case .complete:
                    try retriable { try incoming?.finish() }
                    // Of a file there will be a verdict, unless somebody else has brought it meanwhile.
                    if name.type != .file || incoming == nil { try missing.arrived(name) }
                    incoming = nil
                    note(name, bytes: count)
                    if name.type == .commit { try showCommit(name.checksum) }
                case .absent: try absent(name)
                }
            })
    }

    /// Another attempt may bring the right bytes.
    private func retriable(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as RepositoryError where error.code == .badObject {
            throw WebRequest.Spoilt(reason: wrongBytes(error))
        }
    }

    private func note(_ name: ObjectName, bytes: UInt64) {
        // What arrived spoilt was counted already.
        if !spoilt.contains(name) { progress.objects += 1 }
        progress.bytes += bytes
        // What is known to be missing grows where folders arrive.
        let known = Double(progress.objects) / Double(progress.objects + missing.count)
        progress.fraction = max(progress.fraction ?? 0, known)
        showProgress(progress)
    }

    /// Tells that everything is published.
    func showEnd() {
        progress.fraction = 1
        showProgress(progress)
    }

    private func absent(_ name: ObjectName) throws {
        guard !missing.isAbsent(name) else { return }
        throw ClientError.lacks(name, at: remote)
    }

    /// Checks that everything was fetched.
    func finish() throws {
        guard missing.isEmpty else {
            throw ClientError(
                .missing, "the pull from \(remote) ended before everything was fetched: pull again")
        }
    }
}
