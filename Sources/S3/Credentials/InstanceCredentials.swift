// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// The credentials of the machine's role, from the metadata service of EC2, version 2.
struct InstanceCredentials: Sendable {
    /// The service's URL, without a slash at its end.
    let endpoint: String

    private static let address = "http://169.254.169.254"
    private static let role = "/latest/meta-data/iam/security-credentials/"
    private static let purpose = "the credentials of the machine"

    init(endpoint: String) { self.endpoint = endpoint }

    /// Takes over the settings; nil where they forbid its use.
    init?(_ settings: AWSSettings) {
        guard settings.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else { return nil }
        var endpoint = settings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? InstanceCredentials.address
        while endpoint.last == "/" { endpoint.removeLast() }
        self.endpoint = endpoint
    }

    /// Returns nil where there is no such service, or the machine has no role.
    func fetch() throws(S3Error) -> Credentials? {
        // Elsewhere than on EC2 nothing answers, which is no failure.
        let token: String
        do {
            let answer = try MetadataRequest.send(
                "PUT", endpoint + "/latest/api/token",
                headers: ["X-aws-ec2-metadata-token-ttl-seconds: 21600"],
                purpose: InstanceCredentials.purpose)
            let text = String(decoding: answer.body, as: UTF8.self)
            guard answer.status == 200, !text.isEmpty, text.utf8.allSatisfy({ (0x21..<0x7f).contains($0) })
            else { return nil }
            token = text
        } catch  where error.code == .unreachable {
            return nil
        }
        let list = try get(InstanceCredentials.role, token)
        guard list.status == 200 else { return nil }
        let roles = String(decoding: list.body, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let name = roles.first else { return nil }
        let answer = try get(InstanceCredentials.role + PercentEncoding.encode(String(name)), token)
        guard answer.status == 200, let credentials = Credentials(json: answer.body, token: "Token") else {
            throw S3Error(
                .noCredentials,
                "cannot get the credentials of the machine's role: the metadata service answers \(answer.status) or "
                    + "with something else: look at the role in the console, or set AWS_EC2_METADATA_DISABLED=true"
            )
        }
        return credentials
    }

    private func get(_ path: String, _ token: String) throws(S3Error) -> MetadataRequest.Answer {
        try MetadataRequest.send(
            "GET", endpoint + path, headers: ["X-aws-ec2-metadata-token: \(token)"], attempts: 3,
            purpose: InstanceCredentials.purpose)
    }
}
