// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Walks commits whose objects are partly here and partly to be fetched, and offers requests for the missing ones.
///
/// Folders are opened one after the other, and only when the files of those before them have been asked for: so a list of
/// missing files is never longer than one folder.
final class PullWalk {
    private let quarantine: any Quarantine
    private let remote: String
    private let showProgress: (PullProgress) -> Void
    /// What is known to be missing and was not asked for yet.
    private var missing: [ObjectName] = []
    /// Folders that are here but whose names were not looked at.
    private var unopened: [ObjectName] = []
    /// Folders and commits that were met; files are looked up in the quarantine instead.
    private var met: Set<ObjectName> = []
    /// What is in `missing`, or was asked for and is not in the quarantine yet.
    private var awaited: Set<ObjectName> = []
    /// Files that arrived spoilt once.
    private var spoilt: Set<ObjectName> = []
    private(set) var progress = PullProgress()

    init(_ quarantine: any Quarantine, remote: String, showProgress: @escaping (PullProgress) -> Void) {
        self.quarantine = quarantine
        self.remote = remote
        self.showProgress = showProgress
    }

    /// Adds a commit, with its detached metadata and its tree.
    func want(_ commit: Checksum) throws {
        let name = ObjectName(commit, .commit)
        guard met.insert(name).inserted else { return }
        miss(ObjectName(commit, .commitmeta))
        try want(name)
    }

    private func want(_ name: ObjectName) throws {
        switch name.type {
        case .commit:
            if quarantine.contains(name) { try open(name) } else { miss(name) }
        case .dirtree:
            guard met.insert(name).inserted else { return }
            if quarantine.contains(name) { unopened.append(name) } else { miss(name) }
        case .dirmeta, .file, .commitmeta:
            if !awaited.contains(name) && !quarantine.contains(name) { miss(name) }
        }
    }

    private func miss(_ name: ObjectName) {
        if awaited.insert(name).inserted { missing.append(name) }
    }

    /// Looks at what a commit or folder that is here consists of.
    private func open(_ name: ObjectName) throws {
        guard let bytes = try quarantine.metadata(name) else { return }
        if name.type == .commit {
            let commit = try bytes.withUnsafeBytes { try Commit($0, name) }
            try want(ObjectName(commit.treeMetadata, .dirmeta))
            try want(ObjectName(commit.tree, .dirtree))
            return
        }
        let tree = try bytes.withUnsafeBytes { try DirTree($0, name) }
        for index in 0..<tree.directoryCount {
            guard let child = tree.directory(index) else { continue }
            try want(ObjectName(child.metadata, .dirmeta))
            try want(ObjectName(child.tree, .dirtree))
        }
        for index in 0..<tree.fileCount {
            if let file = tree.file(index) { try want(ObjectName(file, .file)) }
        }
    }

    /// The next request, or nil where nothing is known to be missing at the moment.
    func next() throws -> WebRequest? {
        try considerVerdicts(waiting: false)
        while true {
            if let name = missing.popLast() { return request(name) }
            guard let folder = unopened.popLast() else { return nil }
            try open(folder)
        }
    }

    /// Waits for files that are still being verified.
    ///
    /// - Returns: whether there is more to fetch.
    func settle() throws -> Bool {
        try considerVerdicts(waiting: true)
        return !missing.isEmpty
    }

    private func considerVerdicts(waiting: Bool) throws {
        for verdict in quarantine.takeVerdicts(waiting: waiting) {
            awaited.remove(verdict.name)
            guard let failure = verdict.failure else { continue }
            guard let error = failure as? RepositoryError, error.code == .badObject else { throw failure }
            // Another attempt may bring the right bytes, but not a third one.
            guard spoilt.insert(verdict.name).inserted else { throw wrongBytes(error) }
            progress.objects -= 1
            miss(verdict.name)
        }
    }

    private func wrongBytes(_ error: RepositoryError) -> ClientError {
        ClientError(.badContent, "\(remote) serves wrong bytes: \(error): tell its administrator")
    }

    private func request(_ name: ObjectName) -> WebRequest {
        var incoming: (any IncomingObject)?
        var count: UInt64 = 0
        let hex = name.checksum.hex
        return WebRequest(
            path: "objects/\(hex.prefix(2))/\(hex.dropFirst(2)).\(name.type.rawValue)",
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
                    if name.type != .file || incoming == nil { awaited.remove(name) }
                    incoming = nil
                    try arrived(name, bytes: count)
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

    private func arrived(_ name: ObjectName, bytes: UInt64) throws {
        progress.objects += 1
        progress.bytes += bytes
        if name.type == .commit || name.type == .dirtree { try open(name) }
        progress.outstanding = awaited.count
        showProgress(progress)
    }

    private func absent(_ name: ObjectName) throws {
        awaited.remove(name)
        if name.type == .commitmeta { return }
        throw ClientError(
            .missing,
            "\(remote) lacks object \(name), which a commit there needs: it was pruned or damaged, so tell its administrator, or "
                + "pull from another cache")
    }

    /// Checks that everything was fetched.
    func finish() throws {
        guard missing.isEmpty, unopened.isEmpty, awaited.isEmpty else {
            throw ClientError(
                .missing, "the pull from \(remote) ended before everything was fetched: pull again")
        }
    }
}
