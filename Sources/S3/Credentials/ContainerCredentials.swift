// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// The credentials of a container, which a server beside it hands out (ECS, EKS).
struct ContainerCredentials: Sendable {
    /// The server's URL.
    let url: String
    /// The value of the `Authorization` header.
    let token: String?
    /// A file with that value, which is read each time, since it is replaced now and then.
    let tokenFile: String?

    private static let ecs = "http://169.254.170.2"
    /// The hosts that may be asked without encryption, as the AWS tools have it.
    private static let trustedHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

    /// Returns the server that the settings name; nil if they name none.
    static func provider(_ settings: AWSSettings) -> CredentialSource.Provider? {
        let url: String
        if let relative = settings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = ecs + (relative.hasPrefix("/") ? relative : "/" + relative)
        } else if let full = settings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            let origin = full.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3)
            guard let endpoint = try? S3Endpoint(origin.joined(separator: "/"), source: ""),
                endpoint.isEncrypted || endpoint.isLoopback
                    || trustedHosts.contains(where: {
                        endpoint.authority == $0 || endpoint.authority.hasPrefix($0 + ":")
                    })
            else {
                return .unusable(
                    S3Error(
                        .noCredentials,
                        "cannot get credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI: it is neither https nor a "
                            + "server of this machine, so correct it"))
            }
            url = full
        } else {
            return nil
        }
        return .container(
            ContainerCredentials(
                url: url, token: settings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
                tokenFile: settings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")))
    }

    func fetch() throws(S3Error) -> Credentials {
        var headers = ["Accept: application/json"]
        if let token = try authorization() { headers.append("Authorization: \(token)") }
        let answer = try MetadataRequest.send(
            "GET", url, headers: headers, attempts: 3, purpose: "the credentials of the container")
        guard answer.status == 200 else { throw failure("the server answers \(answer.status)") }
        guard let credentials = Credentials(json: answer.body, token: "Token") else {
            throw failure("the server answers with something else")
        }
        return credentials
    }

    private func authorization() throws(S3Error) -> String? {
        guard let tokenFile else { return token }
        let text: String?
        do {
            text = try Directory.fileAnywhereIfPresent(tokenFile).map {
                String(decoding: try $0.readAll(limit: 1 << 16), as: UTF8.self)
            }
        } catch {
            throw failure("\(error)")
        }
        guard let value = text.map({ Substring($0).trimmed }), !value.isEmpty,
            value.utf8.allSatisfy({ (0x20..<0x7f).contains($0) })
        else {
            throw failure("the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is missing or holds no token")
        }
        return String(value)
    }

    private func failure(_ reason: String) -> S3Error {
        S3Error(
            .noCredentials,
            "cannot get the credentials of the container: \(reason): look at the AWS_CONTAINER_ variables and at the "
                + "container's role"
        )
    }
}
