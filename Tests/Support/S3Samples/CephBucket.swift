// SPDX-License-Identifier: Apache-2.0

import S3
import TestSupport

/// A fresh bucket in the Ceph that all tests share.
package struct CephBucket {
    package let location: S3Location
    package let ceph: CephStore

    package static let credentials = Credentials(
        accessKey: CephStore.accessKey, secretKey: CephStore.secretKey)

    /// Makes a bucket, for a place in it whose name is hard to encode unless another is given.
    package init(prefix: String = "team a/+") throws {
        ceph = try CephStore.shared.get()
        location = try S3Location("s3://b\(String(UInt64.random(in: 0 ... .max), radix: 36))/\(prefix)")
        try put("", body: "")
    }

    /// Sends a request for which the client has no operation.
    private func put(_ query: String, body: String) throws {
        _ = try run(
            [
                "curl", "--silent", "--show-error", "--fail", "--request", "PUT", "--data-binary", body,
                "--aws-sigv4", "aws:amz:us-east-1:s3", "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
                "--user", "\(CephStore.accessKey):\(CephStore.secretKey)",
                "\(ceph.endpoints[0])/\(location.bucket)\(query)",
            ]
        ).checked()
    }

    /// The variables by which programs find a gateway.
    package func environment(gateway: Int = 0) -> [String: String?] {
        [
            "AWS_ENDPOINT_URL": ceph.endpoints[gateway], "AWS_ACCESS_KEY_ID": CephStore.accessKey,
            "AWS_SECRET_ACCESS_KEY": CephStore.secretKey, "AWS_REGION": "us-east-1",
        ]
    }

    /// The URL of the place, for those who need no signature.
    package var url: String { "\(ceph.endpoints[0])/\(location.bucket)/\(location.prefix)" }

    /// Lets everybody read the bucket.
    package func allowReading() throws {
        let policy = """
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::\(location.bucket)/*"}]}
            """
        try put("?policy=", body: policy)
    }

    /// A client of one of the two gateways.
    package func client(
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
