// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import S3
import SystemCalls

extension BucketStore {
    /// The name of the configuration, below the prefix.
    static let configurationName = "config"
    /// The configuration, which never changes.
    static let configuration = Array("[core]\nrepo_version=1\nmode=archive-z2\n".utf8)

    /// Returns true for the address of a bucket, `s3://BUCKET/PREFIX`.
    package static func isAddress(_ text: String) -> Bool { text.hasPrefix("s3://") }

    /// Makes a client of a bucket with the settings of the AWS tools.
    ///
    /// - Throws: `S3Error` where the address or a setting cannot be used.
    package static func client(of address: String) throws -> S3Client {
        let location = try S3Location(address)
        let settings = try AWSSettings(environment: Environment.all)
        return try S3Client(location, S3Configuration(settings, bucket: location.bucket))
    }

    /// Makes a cache, after a check that the store keeps conditions.
    ///
    /// - Returns: false if there is one already.
    package static func make(_ client: S3Client, author: String) throws -> Bool {
        try StoreProbe.run(client)
        let key = client.location.key(configurationName)
        let created = try client.createOrRead(
            key, configuration, limit: 64 * 1024, cacheControl: "no-cache")
        if case .other(let object) = created, object?.bytes != configuration {
            throw RepositoryError(
                .conflict,
                "cannot make a cache at \(client.location): there is another file config already: choose an unused prefix"
            )
        }
        return try PublicationLog(client).begin(author: author)
    }

    /// Opens the cache in a bucket.
    ///
    /// - Parameters:
    ///   - address: `s3://BUCKET/PREFIX`.
    ///   - spool: a directory for objects on their way; nil for one below `XDG_CACHE_HOME`.
    ///   - author: the name of the writer in the log.
    ///   - putsEarly: false to keep all files here until everything has arrived.
    ///   - sizeLimit: the most that all objects may take; nil for any number.
    package static func open(
        _ address: String, spool: String? = nil, author: String, putsEarly: Bool = true,
        sizeLimit: BucketSizeLimit? = nil, cancellation: Cancellation? = nil
    ) throws -> BucketStore {
        let client = try client(of: address)
        let path = try spool ?? spoolDirectory()
        let repository =
            try Directory.exists("\(path)/config")
            ? try Repository(path) : try Repository.create(path, mode: .archive)
        return BucketStore(
            client, spool: repository, author: author, putsEarly: putsEarly, sizeLimit: sizeLimit,
            cancellation: cancellation)
    }

    /// The name of this user and machine, for the log.
    package static var localAuthor: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let user = Environment["USER"] ?? Environment["LOGNAME"] ?? "\(getuid())"
        return "\(user)@\(host)"
    }

    /// A directory of this machine for files that live as long as a request.
    package var temporaryDirectory: String { "\(spool.path)/tmp" }

    private static func spoolDirectory() throws -> String {
        let base =
            Environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? Environment["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/.cache" : nil }
        guard let base else {
            throw RepositoryError(
                .notARepository,
                "cannot choose a directory for objects on their way: neither HOME nor XDG_CACHE_HOME is an absolute path, "
                    + "so set one")
        }
        let path = "\(base)/bst-artifact/spool"
        try Directory.makeParents(of: path)
        return path
    }
}
