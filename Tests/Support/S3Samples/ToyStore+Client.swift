// SPDX-License-Identifier: Apache-2.0

import S3
import TestSupport

extension ToyStore {
    package static let credentials = Credentials(accessKey: accessKey, secretKey: secretKey)

    /// A client whose retries take no time.
    package func client(_ change: (inout S3Configuration) -> Void = { _ in }) throws -> S3Client {
        try server.client("s3://\(ToyStore.bucket)/place", change)
    }

    /// The variables by which programs find the store.
    package var environment: [String: String?] {
        [
            "AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": ToyStore.accessKey,
            "AWS_SECRET_ACCESS_KEY": ToyStore.secretKey, "AWS_REGION": "us-east-1",
        ]
    }
}

extension ScriptedServer {
    /// A client whose retries take no time.
    package func client(
        _ location: String = "s3://toy", _ change: (inout S3Configuration) -> Void = { _ in }
    ) throws -> S3Client {
        var configuration = S3Configuration(
            endpoint: try S3Endpoint(url, source: "a test"), region: "us-east-1",
            credentials: CredentialSource(ToyStore.credentials))
        configuration.retries.firstDelay = .milliseconds(1)
        configuration.retries.longestDelay = .milliseconds(5)
        configuration.retries.attempts = 4
        change(&configuration)
        return try S3Client(S3Location(location), configuration)
    }
}
