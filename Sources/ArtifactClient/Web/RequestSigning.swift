// SPDX-License-Identifier: Apache-2.0

import S3
import SystemCalls

/// The signatures that an object store wants, and the place of its objects.
struct RequestSigning: Sendable {
    /// The URL of the place, without a slash at its end.
    let url: String
    /// The signature's kind and region, as libcurl takes them.
    let kind: String
    let credentials: RenewedCredentials
    let authorities: String?

    /// The SHA-256 of no byte.
    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// Finds the credentials for a place, as the AWS tools do.
    ///
    /// - Throws: `S3Error` where there are none, or a setting cannot be used.
    init(for location: S3Location) throws {
        let settings = try AWSSettings(environment: Environment.all)
        let configuration = try S3Configuration(settings, bucket: location.bucket)
        url = configuration.url(of: location)
        kind = "aws:amz:\(configuration.region):s3"
        authorities = configuration.authorities
        credentials = RenewedCredentials(configuration.credentials)
        // Missing credentials end a command before it has done anything.
        _ = try credentials.current()
    }

    /// The headers that are signed.
    func headers(for credentials: Credentials?) -> [String] {
        ["x-amz-content-sha256: \(RequestSigning.emptyHash)"]
            + (credentials?.sessionToken.map { ["x-amz-security-token: \($0)"] } ?? [])
    }
}
