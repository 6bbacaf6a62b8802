// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A running `bst-artifact serve`, before the cache of a stage.
final class CacheServer: Sendable {
    /// A ref that every cache has.
    static let ref = "hello/base/4f2a"

    let stage: Stage
    /// The cache's address, `https://localhost:PORT` or `http://localhost:PORT`.
    let url: String
    let port: UInt16
    /// The lines that it printed until it was ready.
    let printed: [String]
    let process: RunningProcess

    /// The server's certificate.
    var certificate: String { stage.directory.path("state/certificate.pem") }

    /// Starts a server and waits until it is ready.
    ///
    /// - Parameters:
    ///   - stage: A stage that has been served before; a new one, if `nil`.
    ///   - prepare: Changes the stage before.
    init(
        _ options: [String] = ["--http"], on stage: Stage? = nil, environment: [String: String?] = [:],
        prepare: (Stage) throws -> Void = { _ in }
    ) throws {
        self.stage = try stage ?? Stage()
        if stage == nil {
            try self.stage.commit(CacheServer.ref, in: self.stage.cache)
            try OSTreeCommand.lines(self.stage.cache, ["summary", "--update"])
        }
        try prepare(self.stage)
        let hasCertificate = !options.contains("--http") && !options.contains("--certificate")
        process = try self.stage.start(
            ["serve", self.stage.cache, "--listen", "127.0.0.1:0"]
                + (hasCertificate ? ["--state", self.stage.directory.path("state")] : []) + options,
            environment: environment)
        var printed: [String] = []
        repeat {
            guard let line = try process.readLine() else {
                throw TestSupportError("the server does not start:\n\(process.errorText)")
            }
            printed.append(line)
        } while !printed.contains { $0.contains(hasCertificate ? "clients trust" : "served at") }
        self.printed = printed
        let digits = printed.first { $0.contains("served at") }?.split(separator: ":").last?.dropLast()
        guard let digits, let port = UInt16(digits) else {
            throw TestSupportError("the server prints no port: \(printed)")
        }
        self.port = port
        url = "\(options.contains("--http") ? "http" : "https")://localhost:\(port)"
    }

    /// Asks for a path, as it is written.
    func get(_ path: String, _ options: String...) throws -> WebAnswer {
        let trust = url.hasPrefix("https") ? ["--cacert", certificate] : []
        let result = try run(
            ["curl", "-sS", "-i", "--noproxy", "*", "--path-as-is", "-g"] + trust + options + [
                "\(url)\(path)"
            ]
        ).checked()
        return try WebAnswer(result.output)
    }

    /// One number of `/metrics`.
    func metric(_ name: String) throws -> Int? {
        try get("/metrics").text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            .flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    /// Stops it as a service manager does.
    func stop() throws -> ProcessResult.Status {
        process.terminate(SIGTERM)
        return try process.wait(timeout: 20)
    }
}

/// An object that is larger than what sockets hold, so that a client must take some of it before all can be sent.
enum LargeObject {
    /// The object's size in bytes.
    static let size = 64 << 20
    /// The object's path.
    static let path = "/objects/00/\(String(repeating: "0", count: 62)).filez"

    /// Puts it among the objects of a repository, as a hole.
    static func add(to repository: String) throws {
        try FileManager.default.createDirectory(
            atPath: "\(repository)/objects/00", withIntermediateDirectories: true)
        try run(["truncate", "-s", "\(size)", repository + path]).checked()
    }
}
