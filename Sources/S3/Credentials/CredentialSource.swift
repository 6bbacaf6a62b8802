// SPDX-License-Identifier: Apache-2.0

import SystemCalls
import TextCoding

/// The origin of credentials: the places that the AWS tools look in, in their order.
///
/// These are the environment, the profile (keys or `credential_process`), the container and the machine. Profiles that
/// sign in by `sso` or assume roles are not supported and say so.
package struct CredentialSource: Sendable {
    /// A place that may have credentials.
    enum Provider: Sendable {
        case fixed(Credentials)
        case process(CredentialProcess)
        case container(ContainerCredentials)
        case instance(InstanceCredentials)
        case unusable(S3Error)
    }

    let providers: [Provider]
    private let isAnonymousAllowed: Bool

    /// Requests without a signature.
    package static let anonymous = CredentialSource([], isAnonymousAllowed: true)

    /// The given credentials.
    package init(_ credentials: Credentials) {
        self.init([.fixed(credentials)])
    }

    /// Looks in some places.
    init(_ providers: [Provider], isAnonymousAllowed: Bool = false) {
        self.providers = providers
        self.isAnonymousAllowed = isAnonymousAllowed
    }

    /// The places that the settings name.
    package init(_ settings: AWSSettings, isAnonymousAllowed: Bool = false) {
        let providers: [Provider?] = [
            CredentialSource.environment(settings), CredentialSource.webIdentity(settings),
            CredentialSource.profile(settings),
            ContainerCredentials.provider(settings), InstanceCredentials(settings).map(Provider.instance),
        ]
        self.init(providers.compactMap { $0 }, isAnonymousAllowed: isAnonymousAllowed)
    }

    /// The credentials, where neither a program nor a server has to be asked for them; nil where one has to.
    var immediate: Result<Credentials?, S3Error>? {
        switch providers.first {
        case .fixed, .unusable, nil: Result { () throws(S3Error) in try fetch() }
        case .process, .container, .instance: nil
        }
    }

    /// Returns credentials of the first place that has some, and nil where requests are to be anonymous.
    ///
    /// It may start a program or ask a server of this machine, so it may take seconds.
    func fetch() throws(S3Error) -> Credentials? {
        for provider in providers {
            switch provider {
            case .fixed(let credentials): return credentials
            case .process(let process): return try process.fetch()
            case .container(let container): return try container.fetch()
            case .instance(let instance): if let credentials = try instance.fetch() { return credentials }
            case .unusable(let error): throw error
            }
        }
        guard isAnonymousAllowed else {
            throw S3Error(
                .noCredentials,
                "cannot sign requests: no credentials are in the environment, the profile, the container or the "
                    + "machine, so set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with AWS_PROFILE"
            )
        }
        return nil
    }

    private static func environment(_ settings: AWSSettings) -> Provider? {
        pair(
            settings.variable("AWS_ACCESS_KEY_ID"), settings.variable("AWS_SECRET_ACCESS_KEY"),
            settings.variable("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"), from: "the environment",
            names: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    }

    private static func webIdentity(_ settings: AWSSettings) -> Provider? {
        guard settings.variable("AWS_WEB_IDENTITY_TOKEN_FILE") != nil,
            settings.variable("AWS_ROLE_ARN") != nil
        else {
            return nil
        }
        return unsupported("AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN ask for a role", settings)
    }

    private static func profile(_ settings: AWSSettings) -> Provider? {
        for name in ["role_arn", "sso_session", "sso_start_url"] where settings.setting(name) != nil {
            return unsupported(
                "the profile '\(settings.profile.shownInMessage)' gets its keys by \(name)", settings)
        }
        let names = "aws_access_key_id and aws_secret_access_key"
        for (section, file) in [(settings.secrets, "credentials"), (settings.settings, "config")] {
            let provider = pair(
                section["aws_access_key_id"], section["aws_secret_access_key"], section["aws_session_token"],
                from: "the profile '\(settings.profile.shownInMessage)' in \(file)", names: names)
            if let provider { return provider }
            // Of the programs, the one in `credentials` comes before the keys in `config`.
            if let command = section["credential_process"], !command.isEmpty {
                return .process(CredentialProcess(command: command, profile: settings.profile))
            }
        }
        return nil
    }

    private static func pair(
        _ accessKey: String?, _ secretKey: String?, _ token: String?, from place: String, names: String
    ) -> Provider? {
        let values = [accessKey, secretKey].map { $0 ?? "" }
        if values == ["", ""] { return nil }
        let credentials = Credentials(
            accessKey: values[0], secretKey: values[1], sessionToken: token?.isEmpty == false ? token : nil)
        guard credentials.isUsable else {
            return .unusable(
                S3Error(
                    .noCredentials,
                    "cannot use the credentials of \(place): one of the two keys is missing, or one has spaces or "
                        + "other characters that no key has, so set \(names)"))
        }
        return .fixed(credentials)
    }

    private static func unsupported(_ reason: String, _ settings: AWSSettings) -> Provider {
        let profile = settings.profile.shownInMessage.shellQuoted
        return .unusable(
            S3Error(
                .noCredentials,
                "cannot get credentials: \(reason), which is not supported, so use a profile with "
                    + "'credential_process = aws configure export-credentials --profile \(profile) --format process'"
            ))
    }
}
