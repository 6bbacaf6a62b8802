// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// How web servers are talked to.
public struct WebOptions: Sendable {
    /// A file of certificates (PEM) that are trusted instead of the system's.
    public var authorities: String?
    /// A client certificate (PEM) and its key.
    public var clientCertificate: String?
    /// The key of `clientCertificate`, where it is in another file.
    public var clientKey: String?
    /// Headers that are sent to the remote, and to nobody that it redirects to: `Name: value`.
    public var headers: [String] = []
    /// How often something is tried that failed for a reason that may pass.
    public var attempts = 5
    /// How long to wait before the second attempt, in milliseconds; doubled before each further one.
    public var firstDelay = 250
    /// The longest that a server may ask to be left alone (`Retry-After`), in seconds; one that asks for more is given up.
    public var longestPause = 120
    /// Is told, in a sentence for people, where a server asks to wait.
    public var showPause: (@Sendable (String) -> Void)?
    /// A file as curl and ftp know it, whose entry for the remote's host is sent to the remote alone.
    public private(set) var netrc: String?
    /// How many transfers run at the same time: as many as servers take on one connection of HTTP/2, as a rule.
    public var transfers = 128
    /// How long a server may be silent, in seconds.
    public var patience = 60
    /// The time limit of a whole transfer, in seconds; nil for none.
    public var timeLimit: Int?
    /// Ends what is being done when it is requested.
    public var cancellation: Cancellation?

    /// The options that suit any server.
    public init() {}

    /// Reads a bearer token from a file, of which it is the only line.
    ///
    /// - Throws: `SystemError` where it cannot be read, `ClientError` where it is no token.
    public mutating func useToken(from file: String) throws {
        headers.append("Authorization: Bearer \(try WebOptions.line(of: file))")
    }

    /// Has the user and password sent that a netrc file has for the remote's host.
    ///
    /// - Throws: `SystemError` where it cannot be read, `ClientError` where it is a directory.
    public mutating func useNetrc(_ file: String) throws {
        _ = try WebOptions.contents(of: file)
        netrc = file
    }

    /// Reads a header, `Name: value`, from a file, of which it is the only line.
    ///
    /// - Throws: `SystemError` where it cannot be read, `ClientError` where it is no header.
    public mutating func useHeader(from file: String) throws {
        let line = try WebOptions.line(of: file)
        guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
            line[..<colon].utf8.allSatisfy({ $0 > 32 })
        else {
            throw ClientError(
                .unsuitableRemote, "\(file) holds no header: write one line 'Name: value' into it")
        }
        headers.append(line)
    }

    /// The only line of a file; messages never show it.
    private static func line(of file: String) throws -> String {
        let text = String(decoding: try contents(of: file), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.count == 1, let line = lines.first, line.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
            throw ClientError(.unsuitableRemote, "\(file) must hold one line, and that must be the secret")
        }
        return String(line)
    }

    private static func contents(of file: String) throws -> [UInt8] {
        let opened = try Directory.openAnywhere(file)
        guard try opened.status().st_mode & S_IFMT != S_IFDIR else {
            throw ClientError(.unsuitableRemote, "\(file) is a directory: name a file with the secret in it")
        }
        return try opened.readAll(limit: 64 * 1024)
    }
}
