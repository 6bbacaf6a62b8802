// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

/// The settings of the AWS tools.
@Suite struct AWSSettingsTests {
    private static let config = """
        # a comment
        [default]
        region = eu-west-1   # a comment behind a value
        s3 =
            addressing_style = virtual
            max_concurrent_requests = 20
        output = json

        [profile team]
        region=us-west-2
        endpoint_url = https://store.example.com:8443/base/
        ca_bundle = /etc/team.pem
        services = local

        [services local]
        s3 =
          endpoint_url = http://localhost:9000
        [profile "quoted name"]
        region = eu-north-1
        """

    private func configuration(
        _ environment: [String: String], bucket: String = "abc", config: String = AWSSettingsTests.config
    ) throws(S3Error) -> S3Configuration {
        try S3Configuration(settings(environment, config: config), bucket: bucket)
    }

    private func settings(_ environment: [String: String], config: String = AWSSettingsTests.config)
        throws(S3Error)
        -> AWSSettings
    {
        try AWSSettings(environment: environment) { path throws(S3Error) in
            switch path {
            case "/home/me/.aws/config", "/other": config
            default: nil
            }
        }
    }

    @Test func `The default profile counts`() throws {
        let configuration = try configuration(["HOME": "/home/me"])
        #expect(configuration.region == "eu-west-1")
        #expect(configuration.endpoint.description == "https://s3.eu-west-1.amazonaws.com")
        #expect(configuration.addressing == .virtualHosted)
        #expect(configuration.authorities == nil)
    }

    @Test func `Another profile is named, with its services`() throws {
        let environment = ["HOME": "/home/me", "AWS_PROFILE": "team"]
        let configuration = try configuration(environment)
        #expect(configuration.region == "us-west-2")
        #expect(configuration.endpoint.description == "http://localhost:9000")
        #expect(configuration.addressing == .path)
        #expect(configuration.authorities == "/etc/team.pem")
        let withoutServices = AWSSettingsTests.config.replacing("services = local", with: "")
        let other = try self.configuration(environment, config: withoutServices)
        #expect(other.endpoint.description == "https://store.example.com:8443/base")
        #expect(
            try settings(["HOME": "/home/me", "AWS_PROFILE": "quoted name"]).setting("region") == "eu-north-1"
        )
    }

    @Test func `The environment comes before the profile`() throws {
        let configuration = try configuration([
            "AWS_CONFIG_FILE": "/other", "AWS_PROFILE": "team", "AWS_REGION": "r1",
            "AWS_DEFAULT_REGION": "r2",
            "AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_S3": "http://s3:1", "AWS_CA_BUNDLE": "/ca",
        ])
        #expect(configuration.region == "r1")
        #expect(configuration.endpoint.description == "http://s3:1")
        #expect(configuration.authorities == "/ca")
        #expect(
            try self.configuration(["AWS_ENDPOINT_URL": "http://all", "AWS_DEFAULT_REGION": "r2"]).region
                == "r2")
        #expect(
            try self.configuration(["AWS_ENDPOINT_URL": "http://all"]).endpoint.description == "http://all")
        let ignored = try self.configuration([
            "AWS_ENDPOINT_URL": "http://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        ])
        #expect(ignored.endpoint.description == "https://s3.us-east-1.amazonaws.com")
    }

    @Test func `Empty variables are none`() throws {
        let configuration = try configuration(["AWS_REGION": "", "AWS_ENDPOINT_URL": "", "AWS_PROFILE": ""])
        #expect(configuration.region == "us-east-1")
        #expect(configuration.endpoint.description == "https://s3.us-east-1.amazonaws.com")
    }

    @Test func `A bucket with dots has no host of its own`() throws {
        #expect(try configuration([:], bucket: "abc").addressing == .virtualHosted)
        #expect(try configuration([:], bucket: "a.bc").addressing == .path)
        #expect(try configuration(["AWS_ENDPOINT_URL": "http://x"]).addressing == .path)
    }

    @Test func `URLs have the bucket in their path or their host`() throws {
        let endpoint = try S3Endpoint("https://Store.example.com:8443/base/", source: "a test")
        #expect(
            endpoint.url("abc", "a+b/ä~", .path) == "https://store.example.com:8443/base/abc/a%2Bb/%C3%A4~")
        #expect(endpoint.url("abc", nil, .path) == "https://store.example.com:8443/base/abc")
        #expect(endpoint.url("abc", "k", .virtualHosted) == "https://abc.store.example.com:8443/base/k")
        #expect(endpoint.url("abc", nil, .virtualHosted) == "https://abc.store.example.com:8443/base/")
    }

    @Test(arguments: [
        ["AWS_PROFILE": "nobody"], ["AWS_REGION": "eu west"], ["AWS_ENDPOINT_URL": "store:9000"],
        ["AWS_ENDPOINT_URL": "https://user:hunter2@host"], ["AWS_ENDPOINT_URL": "https://"],
        ["AWS_ENDPOINT_URL": "ftp://x"],
        ["AWS_ENDPOINT_URL": "https://host/?x"],
    ])
    func `What cannot be used is refused without showing it`(_ environment: [String: String]) {
        let error = s3Error { _ = try configuration(environment) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `An unknown addressing style is refused`() {
        let config = "[default]\ns3 =\n  addressing_style = vrtual\n"
        #expect(
            s3Error { _ = try configuration(["HOME": "/home/me"], config: config) }?.code
                == .invalidConfiguration)
    }
}
