// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import S3

/// The places that credentials come from.
@Suite struct CredentialSourceTests {
    private func fetch(
        _ environment: [String: String], config: String = "", credentials: String = "",
        isAnonymousAllowed: Bool = false
    ) throws(S3Error) -> Credentials? {
        var environment = environment
        environment["HOME"] = "/home/me"
        environment["AWS_EC2_METADATA_DISABLED"] = environment["AWS_EC2_METADATA_DISABLED"] ?? "true"
        let settings = try AWSSettings(environment: environment) { path throws(S3Error) in
            switch path {
            case "/home/me/.aws/config": config
            case "/home/me/.aws/credentials": credentials
            default: nil
            }
        }
        return try CredentialSource(settings, isAnonymousAllowed: isAnonymousAllowed).fetch()
    }

    private static let credentialsFile = """
        [default]
        aws_access_key_id = AKD
        aws_secret_access_key = SKD
        [team]
        aws_access_key_id = AKT
        aws_secret_access_key = SKT
        aws_session_token = TT
        """

    @Test func `The environment comes first`() throws {
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKE", "AWS_SECRET_ACCESS_KEY": "SKE", "AWS_SESSION_TOKEN": "TE",
        ]
        let found = try fetch(environment, credentials: CredentialSourceTests.credentialsFile)
        #expect(found == Credentials(accessKey: "AKE", secretKey: "SKE", sessionToken: "TE"))
    }

    @Test func `A profile has keys in either file`() throws {
        let file = CredentialSourceTests.credentialsFile
        #expect(try fetch([:], credentials: file) == Credentials(accessKey: "AKD", secretKey: "SKD"))
        let team = try fetch(["AWS_PROFILE": "team"], credentials: file)
        #expect(team == Credentials(accessKey: "AKT", secretKey: "SKT", sessionToken: "TT"))
        let config = "[profile p]\naws_access_key_id = AKC\naws_secret_access_key = SKC\n"
        let other = try fetch(["AWS_PROFILE": "p"], config: config, credentials: file)
        #expect(other == Credentials(accessKey: "AKC", secretKey: "SKC"))
    }

    @Test func `Half of a pair is an error, not a reason to look elsewhere`() {
        let error = s3Error {
            _ = try fetch(["AWS_ACCESS_KEY_ID": "AKE"], credentials: CredentialSourceTests.credentialsFile)
        }
        #expect(error?.code == .noCredentials)
        #expect(error?.description.contains("AKE") == false)
    }

    @Test func `Nothing found is an error unless anonymous requests are wanted`() throws {
        #expect(s3Error { _ = try fetch([:]) }?.code == .noCredentials)
        #expect(try fetch([:], isAnonymousAllowed: true) == nil)
        #expect(try CredentialSource.anonymous.fetch() == nil)
    }

    @Test(arguments: ["role_arn = arn:x", "sso_session = s"])
    func `A profile that signs in elsewhere has a remedy`(_ line: String) {
        let error = s3Error { _ = try fetch([:], config: "[default]\n\(line)\n") }
        #expect(error?.code == .noCredentials)
        #expect(error?.description.contains("aws configure export-credentials --profile default") == true)
    }

    @Test func `A program may print them`() throws {
        let json = """
            {"Version": 1, "AccessKeyId": "AKP", "SecretAccessKey": "SKP", "SessionToken": "TP",
            "Expiration": "2026-11-29T02:03:04Z"}
            """
        let directory = try TemporaryDirectory()
        let script = try directory.file(
            "keys", "echo noise >&2; test \"$1\" = 'two words' && echo '\(json)'\n")
        let found = try fetch([:], config: "[default]\ncredential_process = sh \(script) 'two words'\n")
        #expect(
            found
                == Credentials(accessKey: "AKP", secretKey: "SKP", sessionToken: "TP", expiry: 1_795_917_784))
    }

    @Test(arguments: ["false", "echo SECRET", "/no/such/program", "'", "echo {}"])
    func `A program that prints none is an error without its output`(_ command: String) {
        let error = s3Error { _ = try fetch([:], config: "[default]\ncredential_process = \(command)\n") }
        #expect(error?.code == .noCredentials)
        #expect(error?.description.contains("SECRET") == false)
    }

    private static func document(_ token: String = "TC", expiry: String = "2099-01-01T00:00:00Z")
        -> ScriptedServer.Answer
    {
        .text(
            200,
            """
            {"Code": "Success", "AccessKeyId": "AKC", "SecretAccessKey": "SKC", "Token": "\(token)",
            "Expiration": "\(expiry)"}
            """
        )
    }

    @Test func `A container's server is asked with its token`() throws {
        let server = try ScriptedServer { request in
            guard request.headers["authorization"] == "sesame", request.target == "/role?x=1" else {
                return .status(403)
            }
            return request.number < 2 ? .status(500) : CredentialSourceTests.document()
        }
        let directory = try TemporaryDirectory()
        let url = server.url + "/role?x=1"
        let found = try fetch([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "sesame",
        ])
        #expect(found?.accessKey == "AKC")
        #expect(found?.sessionToken == "TC")
        let file = try directory.file("token", "sesame\n")
        #expect(
            try fetch([
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
            ])?.secretKey == "SKC")
        let wrong = s3Error {
            _ = try fetch([
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "opensesame",
            ])
        }
        #expect(wrong?.code == .noCredentials)
        #expect(wrong?.description.contains("sesame") == false)
    }

    @Test(arguments: ["http://example.com/x", "ftp://localhost/x", "http://169.254.170.2.example.com/x"])
    func `A token goes to no other machine without encryption`(_ url: String) {
        #expect(
            s3Error { _ = try fetch(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]) }?.code == .noCredentials)
    }

    @Test func `The machine's role is asked for with a session`() throws {
        let server = try ScriptedServer { request in
            switch (request.method, request.target) {
            case ("PUT", "/latest/api/token"):
                request.headers["x-aws-ec2-metadata-token-ttl-seconds"] == nil
                    ? .status(400) : .text(200, "session")
            case ("GET", _) where request.headers["x-aws-ec2-metadata-token"] != "session": .status(401)
            case ("GET", "/latest/meta-data/iam/security-credentials/"): .text(200, "my role\n")
            case ("GET", "/latest/meta-data/iam/security-credentials/my%20role"):
                CredentialSourceTests.document()
            default: .status(404)
            }
        }
        let environment = [
            "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url + "/",
        ]
        #expect(try fetch(environment)?.accessKey == "AKC")
        #expect(try fetch(environment)?.expiry == 4_070_908_800)
        let disabled = environment.merging(["AWS_EC2_METADATA_DISABLED": "TRUE"]) { $1 }
        #expect(s3Error { _ = try fetch(disabled) }?.code == .noCredentials)
    }

    @Test func `A machine without a role has none`() throws {
        let server = try ScriptedServer { $0.method == "PUT" ? .text(200, "session") : .status(404) }
        let environment = [
            "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
        ]
        #expect(try fetch(environment, isAnonymousAllowed: true) == nil)
        #expect(s3Error { _ = try fetch(environment) }?.code == .noCredentials)
    }

    @Test func `No text about credentials has a key in it`() {
        let credentials = Credentials(
            accessKey: "AKIAFIRST", secretKey: "hunter2", sessionToken: "hunter3", expiry: 1)
        var dumped = ""
        dump(credentials, to: &dumped)
        dump(CredentialSource(credentials), to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), "\([credentials])", dumped] {
            #expect(!text.contains("hunter") && !text.contains("AKIA"))
        }
    }
}
