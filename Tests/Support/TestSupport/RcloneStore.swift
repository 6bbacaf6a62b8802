// SPDX-License-Identifier: Apache-2.0

/// An object store of one bucket, served by rclone from a directory, that does not keep the conditions of writes.
public final class RcloneStore: Sendable {
    /// The URL, `http://127.0.0.1:PORT`.
    public let endpoint: String
    /// The bucket.
    public static let bucket = "bucket"
    /// The access key.
    public static let accessKey = "RCLONETESTKEY"
    /// The secret key.
    public static let secretKey = "rclone-secret-of-tests"

    private let server: ServerProcess
    private let directory: TemporaryDirectory

    /// Starts a store.
    ///
    /// - Throws: when rclone is not among the peers or does not start.
    public init() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("data/\(RcloneStore.bucket)")
        let log = directory.path("rclone.log")
        var started: (server: ServerProcess, port: UInt16)?
        for _ in 0..<10 where started == nil {
            let port = try LoopbackPort.free()
            let server = try ServerProcess.start(
                [
                    Programs.peer("rclone"), "--config", directory.path("rclone.conf"), "serve", "s3",
                    "--addr",
                    "127.0.0.1:\(port)", "--auth-key", "\(RcloneStore.accessKey),\(RcloneStore.secretKey)",
                    directory.path("data"),
                ], log: log, ready: { _ in (try? text(ofFile: log))?.contains(":\(port)/") == true })
            started = server.map { ($0, port) }
        }
        guard let started else { throw TestSupportError("rclone found ten ports taken, one after the other") }
        server = started.server
        endpoint = "http://127.0.0.1:\(started.port)"
        self.directory = directory
    }
}
