// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// The environment variables and the profile that the AWS tools would use.
package struct AWSSettings: Sendable {
    /// Returns the content of a file; nil where there is none.
    package typealias FileReader = @Sendable (_ path: String) throws(S3Error) -> String?

    /// The environment variables. Empty ones count as absent.
    let environment: [String: String]
    /// The profile's name.
    let profile: String
    /// Its settings in the file `config`, those of its `services` section included.
    let settings: [String: String]
    /// Its settings in the file `credentials`.
    let secrets: [String: String]

    /// The most bytes of a file of settings.
    private static let longestFile = 1 << 20

    /// Reads the profile that `AWS_PROFILE` names from the files that `AWS_CONFIG_FILE` and
    /// `AWS_SHARED_CREDENTIALS_FILE` name, by default `~/.aws/config` and `~/.aws/credentials`.
    ///
    /// - Parameters:
    ///   - environment: the variables; `SystemCalls.Environment.all` but in tests.
    ///   - read: reads a file.
    package init(
        environment: [String: String], read: FileReader = AWSSettings.contents
    ) throws(S3Error) {
        let environment = environment.filter { !$0.value.isEmpty }
        let configPath = AWSSettings.path("AWS_CONFIG_FILE", "config", environment)
        let config = try read(configPath).map { INIFile($0).sections } ?? [:]
        let credentialsPath = AWSSettings.path("AWS_SHARED_CREDENTIALS_FILE", "credentials", environment)
        let credentials = try read(credentialsPath).map { INIFile($0).sections } ?? [:]
        let chosen = environment["AWS_PROFILE"] ?? environment["AWS_DEFAULT_PROFILE"]
        let profile = chosen ?? "default"
        let section = config["profile \(profile)"] ?? (profile == "default" ? config["default"] : nil)
        guard chosen == nil || section != nil || credentials[profile] != nil else {
            throw S3Error(
                .invalidConfiguration,
                "cannot use the profile '\(profile.shownInMessage)': \(configPath.shownInMessage) has no section for "
                    + "it, so correct AWS_PROFILE or add the profile")
        }
        var settings = section ?? [:]
        if let services = settings["services"], let definitions = config["services \(services)"] {
            for (key, value) in definitions { settings["services.\(key)"] = value }
        }
        self.environment = environment
        self.profile = profile
        self.settings = settings
        secrets = credentials[profile] ?? [:]
    }

    private static func path(_ variable: String, _ name: String, _ environment: [String: String]) -> String {
        let home = environment["HOME"] ?? ""
        let path = environment[variable] ?? "~/.aws/\(name)"
        return path.hasPrefix("~/") ? home + path.dropFirst() : path
    }

    /// Returns the value of the first of the variables that is set.
    func variable(_ names: String...) -> String? {
        names.lazy.compactMap { environment[$0] }.first
    }

    /// Returns a setting of the profile; empty ones count as absent.
    func setting(_ name: String) -> String? {
        settings[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Reads a text file; nil where there is none.
    package static func contents(_ path: String) throws(S3Error) -> String? {
        do {
            guard let file = try Directory.fileAnywhereIfPresent(path) else { return nil }
            return String(decoding: try file.readAll(limit: longestFile), as: UTF8.self)
        } catch {
            throw S3Error(
                .invalidConfiguration,
                "cannot read the settings of the AWS tools: \(error): correct the path or its permissions")
        }
    }
}
