// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A cache with some artifacts, and `bst-artifact serve` before it.
final class ServedCache: Sendable {
    /// What every cache has.
    static let ref = "hello/base/4f2a"

    let directory: TemporaryDirectory
    let repository: String
    /// `https://localhost:PORT`, or `http://…`.
    let url: String
    let port: UInt16
    /// What it printed until it was ready.
    let printed: [String]
    let process: RunningProcess

    /// The server's certificate.
    var certificate: String { directory.path("state/certificate.pem") }

    /// Starts a server.
    ///
    /// - Parameter prepare: changes the repository before.
    init(
        _ options: [String] = ["--http"], in directory: TemporaryDirectory? = nil,
        environment: [String: String?] = [:], prepare: (ServedCache.Place) throws -> Void = { _ in }
    ) throws {
        let isNew = directory == nil
        let directory = try directory ?? TemporaryDirectory()
        self.directory = directory
        let place = Place(directory: directory)
        repository = place.repository
        if isNew {
            try OSTreeCommand.initRepo(repository, mode: .archive)
            try place.commit([ServedCache.ref])
            try OSTreeCommand.lines(repository, ["summary", "--update"])
        }
        try prepare(place)
        let state =
            options.contains("--http") || options.contains("--certificate")
            ? [] : ["--state", directory.path("state")]
        process = try RunningProcess(
            [try Programs.artifact(), "serve", repository, "--listen", "127.0.0.1:0"] + state + options,
            environment: environment)
        var printed: [String] = []
        let last =
            options.contains("--http") || options.contains("--certificate") ? "served at" : "clients trust"
        repeat {
            guard let line = try process.readLine() else {
                throw TestSupportError("the server does not start:\n\(process.errorText)")
            }
            printed.append(line)
        } while !printed.contains { $0.contains(last) }
        self.printed = printed
        let digits = printed.first { $0.contains("served at") }?.split(separator: ":").last?.dropLast()
        guard let digits, let port = UInt16(digits) else {
            throw TestSupportError("the server prints no port: \(printed)")
        }
        self.port = port
        url = "\(options.contains("--http") ? "http" : "https")://localhost:\(port)"
    }

    /// Where a cache is prepared.
    struct Place {
        let directory: TemporaryDirectory
        var repository: String { directory.path("cache") }

        /// Commits a small tree.
        @discardableResult
        func commit(_ refs: [String], _ text: String = "hello\n", subject: String = "") throws -> String {
            try commit(refs, Array(text.utf8), subject: subject)
        }

        /// Puts something large among the objects, which is a hole.
        func addLarge() throws {
            try directory.folder("cache/objects/00")
            try run(["truncate", "-s", "\(ServedCache.largeSize)", repository + ServedCache.large]).checked()
        }

        @discardableResult
        func commit(_ refs: [String], _ content: [UInt8], subject: String = "") throws -> String {
            let tree = try directory.folder("tree-\(UUID().uuidString)")
            try Data(content).write(to: URL(fileURLWithPath: "\(tree)/file"))
            return try OSTreeCommand.commit(
                repository, tree: tree, refs: refs, options: ["--fsync=false", "--subject=\(subject)"])
        }
    }

    /// Where an object of ``largeSize`` is that ``Place/addLarge()`` has put there.
    static let large = "/objects/00/\(String(repeating: "0", count: 62)).filez"
    /// More than sockets hold, so that a client must take some of it before all can be sent.
    static let largeSize = 64 << 20

    var place: Place { Place(directory: directory) }

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

/// What a web server answers.
struct WebAnswer {
    let status: Int
    /// Names are in lower case.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    init(_ bytes: [UInt8]) throws {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else {
            throw TestSupportError("this is no answer: \(String(decoding: bytes, as: UTF8.self))")
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        self.headers = headers
        body = Array(bytes[(end + mark.count)...])
    }
}
