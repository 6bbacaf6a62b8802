// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import S3

/// A fresh bucket in the Ceph that all tests share.
struct CephBucket {
    let location: S3Location
    let ceph: CephStore

    static let credentials = Credentials(accessKey: CephStore.accessKey, secretKey: CephStore.secretKey)

    init() throws {
        ceph = try CephStore.shared.get()
        location = try S3Location("s3://b\(String(UInt64.random(in: 0 ... .max), radix: 36))/team a/+")
        try client().run(S3Operation<Void>(request: S3Request(kind: .put)) { _, _ in })
    }

    /// A client of one of the two gateways.
    func client(
        gateway: Int = 0, bucket: String? = nil,
        credentials: CredentialSource = CredentialSource(CephBucket.credentials),
        _ change: (inout S3Configuration) -> Void = { _ in }
    ) throws -> S3Client {
        var configuration = S3Configuration(
            endpoint: try S3Endpoint(ceph.endpoints[gateway], source: "a test"), region: "us-east-1",
            credentials: credentials)
        change(&configuration)
        return try S3Client(bucket.map { try S3Location("s3://\($0)") } ?? location, configuration)
    }
}

extension [UInt8] {
    init(_ text: String) { self = Array(text.utf8) }

    /// Bytes that look random, and the same each time.
    static func pattern(_ count: Int) -> [UInt8] {
        var state: UInt32 = 1
        let block: [UInt8] = (0..<1 << 14).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
        // No two blocks are the same.
        var bytes: [UInt8] = []
        while bytes.count < count {
            bytes += Array("\(bytes.count)".utf8)
            bytes += block
        }
        return Array(bytes[..<count])
    }
}

/// Returns the error that `body` throws; nil if it throws none, or another kind.
func s3Error(_ body: () throws -> Void) -> S3Error? {
    do {
        try body()
        return nil
    } catch {
        return error as? S3Error
    }
}
