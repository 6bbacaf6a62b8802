// SPDX-License-Identifier: Apache-2.0
//
// push-from-builder DIRECTORY REF CACHE [SECONDS]
//
// Records a directory as an artifact in the repository `artifacts` of the current folder, and pushes it to a cache.

import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import Foundation

@main struct PushFromBuilder {
    /// Records a directory, and brings it to the cache.
    static func publish(_ directory: String, as name: String, to address: String) async throws {
        // A repository of one's own; it is made where it is missing.
        let repository = try Repository.create("artifacts", mode: .bareUser)
        let ref = try RefName(parsing: name)
        // One name, one artifact: a second commit, of the same files even, would be another one, and replace this one there.
        if try repository.commit(of: ref) == nil {
            print("recorded \(try repository.commit(directory: directory, refs: [ref]))")
        }

        let cache = try ArtifactCache(address)
        let report = try await cache.push([name], from: repository) { progress in
            // On a thread of its own, after each object: what draws a progress bar here must be quick.
            let percent = progress.fraction.map { "\(Int($0 * 100)) %" } ?? "some"
            say("\(percent): \(progress.objects) objects, \(progress.bytes) bytes")
        }
        print("pushed \(report.objects) objects")
    }

    /// Runs `work`, and cancels it where it takes longer than `limit`.
    static func within(_ limit: Duration, _ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(operation: work)
            group.addTask {
                try await Task.sleep(for: limit)
                throw CancellationError()
            }
            // Whichever ends first, the other is not wanted any more. The group waits until it has ended too.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The exit status for what went wrong: what a build's driver wants to tell apart.
    static func status(for error: any Error) -> Int32 {
        switch error {
        case is CancellationError: 75  // nothing half-done is visible; the same push goes on from there
        case let error as ClientError:
            switch error.code {
            case .unreachable, .dropped: 75  // try again later
            case .refused, .accessDenied: 77  // ask the cache's administrator
            case .diverged: 65  // somebody has pushed something else under that name
            default: 1
            }
        default: 1  // RepositoryError, ProtocolError, SystemError
        }
    }

    static func main() async {
        let arguments = CommandLine.arguments.dropFirst().map { String($0) }
        guard arguments.count >= 3 else {
            say("usage: push-from-builder DIRECTORY REF CACHE [SECONDS]")
            exit(64)
        }
        let seconds = arguments.count > 3 ? Int(arguments[3]) ?? 600 : 600
        let work = Task {
            try await within(.seconds(seconds)) {
                try await publish(arguments[0], as: arguments[1], to: arguments[2])
            }
        }
        // Ctrl-C cancels the task, which ends the push in good order, ssh included.
        signal(SIGINT, SIG_IGN)
        let interrupts = DispatchSource.makeSignalSource(signal: SIGINT)
        interrupts.setEventHandler { work.cancel() }
        interrupts.resume()
        do {
            try await work.value
        } catch {
            // Each error is one sentence: what was done, to what, why it failed, what to do about it.
            say(error is CancellationError ? "given up" : "\(error)")
            exit(status(for: error))
        }
    }
}

/// Says something on standard error.
func say(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
}
