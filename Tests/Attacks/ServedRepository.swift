// SPDX-License-Identifier: Apache-2.0

import TestSupport
import WireSamples

/// A repository that a client has the receiver pull from, and what it serves in place of parts of it.
struct ServedRepository: Sendable {
    static let ref = "served/ref"
    static let sample = SampleCommit("served")

    /// Options of the receiver.
    var options: [String] = []
    /// The refs that the client names; those of the summary if there are none.
    var refs: [String] = []
    /// The objects beside or in place of the sample's; the last one is the ref's commit.
    var objects: @Sendable () -> [SampleObject] = { sample.objects }
    /// What is served in place of a file.
    var fault: @Sendable (String) -> Fault? = { _ in nil }

    /// Starts a server of the repository.
    func start(in directory: TemporaryDirectory) throws -> FaultyWebServer {
        let objects = objects()
        let path = directory.path("served")
        try OSTreeCommand.initRepo(path, mode: .archive)
        let commit = objects.last?.checksum ?? ServedRepository.sample.checksum
        try directory.write(objects, ServedRepository.ref, at: "\(commit)", into: "served")
        try OSTreeCommand.lines(path, ["summary", "--update"])
        let fault = fault
        return try FaultyWebServer(directory: path) { path, _ in fault(path) }
    }
}
