// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls
import TextCoding

/// Ends a push or a pull from another thread.
///
/// ``ArtifactCache`` needs none: it ends when its task is cancelled.
public typealias Cancellation = SystemCalls.Cancellation

/// The settings for requests to web servers.
public struct WebOptions: Sendable {
    /// A file of certificates (PEM) that are trusted instead of the system's.
    public var authorities: String?
    /// A client certificate (PEM) and its key.
    public var clientCertificate: String?
    /// The key of `clientCertificate`, where it is in another file.
    public var clientKey: String?
    /// Leaves the server's certificate unchecked.
    public var isPermissive = false
    /// The URL of a proxy; nil for what the environment says.
    public var proxy: String?
    /// Allows HTTP/2.
    public var allowsHTTP2 = true
    /// Headers, `Name: value`, which are sent to the remote and not to where it redirects.
    public var headers: [String] = []
    /// The number of attempts at something that fails for a temporary reason.
    public var attempts = 5
    /// The delay before the second attempt; doubled before each further one.
    public var firstDelay: Duration = .milliseconds(250)
    /// The longest pause that a server may ask for (`Retry-After`); the transfer fails where one asks for more.
    public var longestPause: Duration = .seconds(120)
    /// Receives a sentence for people when a server asks for a pause.
    public var showPause: (@Sendable (String) -> Void)?
    /// Receives a sentence for people when a mirror fails or is wrong, and others are asked in its place.
    public var showWarning: (@Sendable (String) -> Void)?
    /// A file of credentials in the format of ftp. The entry for the remote's host is sent to the remote alone.
    public private(set) var netrc: String?
    /// The number of transfers at the same time; by default, the usual limit of servers for one HTTP/2 connection.
    public var transfers = 128
    /// The longest silence of a server, in whole seconds.
    public var timeout: Duration = .seconds(60)
    /// The time limit of a whole transfer; nil for none.
    public var timeLimit: Duration?
    /// Talks to the remote itself and nobody else: through no proxy, and to no place that it redirects to.
    public var isDirect = false
    /// The signatures of an object store; nil for any other server.
    var signing: RequestSigning?
    /// Ends transfers when it is requested.
    public var cancellation: Cancellation?

    /// The options that suit any server.
    public init() {}

    /// Reads a bearer token from a file that holds nothing else.
    ///
    /// - Throws: `SystemError` where it cannot be read, `ClientError` where it is no token.
    public mutating func useToken(from file: String) throws {
        headers.append("Authorization: Bearer \(try WebOptions.line(of: file))")
    }

    /// Sends the user and password that a netrc file has for the remote's host.
    ///
    /// - Throws: `SystemError` where it cannot be read, `ClientError` where it is a directory.
    public mutating func useNetrc(_ file: String) throws {
        _ = try WebOptions.contents(of: file)
        netrc = file
    }

    /// Reads a header, `Name: value`, from a file that holds nothing else.
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
        guard lines.count == 1, let line = lines.first, !line.utf8.contains(where: \.isASCIIControl) else {
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
