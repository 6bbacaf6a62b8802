// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// The settings of a client of one store.
package struct S3Configuration: Sendable {
    /// The store's address.
    package var endpoint: S3Endpoint
    /// The region that requests are signed for.
    package var region: String
    /// The place of the bucket's name in URLs.
    package var addressing: S3Endpoint.Addressing
    /// A file of certificates (PEM) that are trusted instead of the system's.
    package var authorities: String?
    /// The origin of the credentials.
    package var credentials: CredentialSource
    /// The number of requests under way at the same time; further ones wait.
    package var concurrentRequests = 64
    /// The longest time to make a connection.
    package var connectTimeout: Duration = .seconds(10)
    /// The longest silence of the store, in whole seconds.
    package var timeout: Duration = .seconds(30)
    /// The delays between attempts.
    package var retries = RetryPolicy()
    #if DEBUG
        /// Sees each request, and makes some fail in tests.
        package var observer: (any RequestObserver)?
    #endif

    /// Describes a store.
    package init(
        endpoint: S3Endpoint, region: String, addressing: S3Endpoint.Addressing = .path,
        credentials: CredentialSource
    ) {
        self.endpoint = endpoint
        self.region = region
        self.addressing = addressing
        self.credentials = credentials
    }

    /// Takes over the settings of the AWS tools for a bucket.
    ///
    /// - Parameter isAnonymousAllowed: sends unsigned requests where no credentials are found.
    package init(_ settings: AWSSettings, bucket: String, isAnonymousAllowed: Bool = false) throws(S3Error) {
        let region =
            settings.variable("AWS_REGION", "AWS_DEFAULT_REGION") ?? settings.setting("region") ?? "us-east-1"
        guard
            region.utf8.allSatisfy({
                $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            })
        else {
            throw S3Error(
                .invalidConfiguration,
                "cannot use the region '\(region.shownInMessage)': it has other characters than letters, digits and "
                    + "hyphens, so correct AWS_REGION or the profile")
        }
        let own = try S3Configuration.ownEndpoint(settings)
        endpoint = own ?? S3Endpoint(awsRegion: region)
        self.region = region
        let style = settings.setting("s3.addressing_style")
        switch style {
        case "path": addressing = .path
        case "virtual": addressing = .virtualHosted
        case nil, "auto": addressing = own != nil || bucket.contains(".") ? .path : .virtualHosted
        default:
            throw S3Error(
                .invalidConfiguration,
                "cannot use the addressing_style '\((style ?? "").shownInMessage)' of the profile: write path, "
                    + "virtual or auto"
            )
        }
        authorities = settings.variable("AWS_CA_BUNDLE") ?? settings.setting("ca_bundle")
        credentials = CredentialSource(settings, isAnonymousAllowed: isAnonymousAllowed)
    }

    /// The URL of a place in a bucket, without a slash at its end.
    package func url(of location: S3Location) -> String {
        var url = endpoint.url(location.bucket, location.prefix, addressing)
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// The endpoint that the environment or the profile names; nil for AWS's own.
    private static func ownEndpoint(_ settings: AWSSettings) throws(S3Error) -> S3Endpoint? {
        if let value = settings.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), value.lowercased() == "true"
        {
            return nil
        }
        let candidates = [
            ("AWS_ENDPOINT_URL_S3", settings.variable("AWS_ENDPOINT_URL_S3")),
            ("AWS_ENDPOINT_URL", settings.variable("AWS_ENDPOINT_URL")),
            ("the profile's services section", settings.setting("services.s3.endpoint_url")),
            // The nested block is an older form.
            ("the profile", settings.setting("s3.endpoint_url") ?? settings.setting("endpoint_url")),
        ]
        for case (let source, let url?) in candidates { return try S3Endpoint(url, source: source) }
        return nil
    }
}
