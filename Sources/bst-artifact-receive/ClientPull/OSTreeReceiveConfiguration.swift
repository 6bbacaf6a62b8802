// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import Logging
import SystemCalls

/// The settings that ostree-push's own receiver has in `ostree-receive.conf`, for those who come from there.
///
/// They count for clients of ostree-push alone, beside the options of the command line, which go before them.
struct OSTreeReceiveConfiguration {
    /// The settings of one repository, or of all.
    fileprivate struct Settings {
        var gpgSign: [String]?
        var gpgHome: String?
        var verifiesGPG: Bool?
        var gpgTrustedKeys: String?
        var signType: String?
        var signKeyFiles: [String]?
        var verifiesSignatures: Bool?
        var signTrustedKeyFile: String?
        var update: Bool?
        var updateHook: String?
    }

    /// The directory that clients' paths are confined to.
    private(set) var root: String?
    private(set) var isForced = false
    private(set) var isDryRun = false
    private(set) var logLevel: Logger.Level?
    private var general = Settings()
    private var repositories: [(path: String, settings: Settings)] = []
    /// Sentences about settings that have no counterpart here.
    private(set) var warnings: [String] = []

    private static let largestSize = 1 << 20
    /// Python's names of levels.
    private static let levels: [String: Logger.Level] = [
        "DEBUG": .debug, "INFO": .notice, "WARNING": .warning, "WARN": .warning, "ERROR": .error,
        "CRITICAL": .critical,
    ]

    /// Reads `$OSTREE_RECEIVE_CONF`, or else `/etc/ostree/ostree-receive.conf` and the user's file, which goes before it.
    ///
    /// - Throws: `ConfigurationError` with the line of the first mistake; `SystemError` if a file cannot be read.
    static func load() throws -> OSTreeReceiveConfiguration {
        var configuration = OSTreeReceiveConfiguration()
        if let named = Environment["OSTREE_RECEIVE_CONF"] {
            try configuration.read(named)
            return configuration
        }
        let user = Environment["XDG_CONFIG_HOME"] ?? Environment["HOME"].map { "\($0)/.config" }
        for directory in ["/etc", user].compactMap(\.self) {
            let file = "\(directory)/ostree/ostree-receive.conf"
            if try Directory.exists(file) { try configuration.read(file) }
        }
        return configuration
    }

    private mutating func read(_ file: String) throws {
        do {
            try read(
                YAMLDocument(parsing: Directory.openAnywhere(file).readAll(limit: Self.largestSize)),
                of: file)
        } catch let error as ConfigurationError {
            var error = error
            error.file = file
            throw error
        }
    }

    private mutating func read(_ document: YAMLDocument, of file: String) throws {
        guard let node = document.root else { return }
        for entry in try YAMLMapping(node, of: "the file", in: document).entries {
            let reader = YAMLSetting(entry, in: document)
            switch entry.key {
            case "root": root = try reader.text()
            case "force": isForced = try reader.flag() ?? false
            case "dry_run": isDryRun = try reader.flag() ?? false
            case "log_level": logLevel = try reader.text().flatMap { Self.levels[$0.uppercased()] }
            case "repos":
                if entry.value.isNull { continue }
                for repository in try YAMLMapping(entry.value, of: "repos", in: document).entries {
                    var settings = Settings()
                    let mapping = try YAMLMapping(repository.value, of: repository.key, in: document)
                    for entry in mapping.entries {
                        let reader = YAMLSetting(entry, in: document)
                        if let warning = try Self.read(reader, of: file, into: &settings) {
                            warnings.append(warning)
                        }
                    }
                    repositories.append((repository.key, settings))
                }
            default:
                if let warning = try Self.read(reader, of: file, into: &general) { warnings.append(warning) }
            }
        }
    }

    /// - Returns: a warning about a setting without a counterpart here.
    private static func read(
        _ reader: YAMLSetting, of file: String, into settings: inout Settings
    ) throws -> String? {
        switch reader.entry.key {
        case "gpg_sign": settings.gpgSign = try reader.list()
        case "gpg_homedir": settings.gpgHome = try reader.text()
        case "gpg_verify": settings.verifiesGPG = try reader.flag()
        case "gpg_trustedkeys": settings.gpgTrustedKeys = try reader.text()
        case "sign_type": settings.signType = try reader.text()
        case "sign_keyfiles": settings.signKeyFiles = try reader.list()
        case "sign_verify": settings.verifiesSignatures = try reader.flag()
        case "sign_trustedkeyfile": settings.signTrustedKeyFile = try reader.text()
        case "update": settings.update = try reader.flag()
        case "update_hook": settings.updateHook = try reader.text()
        default:
            return
                "\(reader.place(in: file)): '\(reader.entry.key.forDisplay())' has no counterpart here and is ignored"
        }
        return nil
    }

    /// Adds the settings for a repository to the options of the command line.
    ///
    /// - Throws: `ConfigurationError` for a kind of signatures that is not known here.
    func apply(to command: inout ReceiveCommand, for repository: String) throws {
        var all = general
        for (path, settings) in repositories where isMeant(path, repository) { all.replace(by: settings) }
        let keys = all.gpgSign ?? []
        let keyFiles = all.signKeyFiles ?? []
        if !keyFiles.isEmpty || all.verifiesSignatures == true, let type = all.signType, type != "ed25519" {
            throw ConfigurationError(
                "ostree-receive.conf wants signatures of type '\(type.forDisplay())'", remedy: "use ed25519")
        }
        if command.rewriter.keys.isEmpty { command.rewriter.keys = keys }
        if command.rewriter.home == nil { command.rewriter.home = all.gpgHome }
        if command.rewriter.keyFiles.isEmpty { command.rewriter.keyFiles = keyFiles }
        if command.summary.summaryGPGSign.isEmpty { command.summary.summaryGPGSign = keys }
        if command.summary.summaryGPGHomedir == nil { command.summary.summaryGPGHomedir = all.gpgHome }
        if command.summary.summarySignEd25519.isEmpty { command.summary.summarySignEd25519 = keyFiles }
        if all.verifiesGPG == true, command.policy.signatures.verifyGPG == nil {
            command.policy.signatures.verifyGPG = try all.gpgTrustedKeys ?? Self.trusted("trustedkeys.gpg")
        }
        if all.verifiesSignatures == true, command.policy.signatures.verifyEd25519 == nil {
            command.policy.signatures.verifyEd25519 =
                try all.signTrustedKeyFile ?? Self.trusted("trustedkeyfile.ed25519")
        }
        if all.update == false { command.summary.policy = .never }
        if command.policy.postReceive == nil { command.policy.postReceive = all.updateHook }
    }

    /// Adds the settings for all repositories to a client's request.
    func apply(to request: inout ClientPullRequest, _ logger: inout Logger) {
        if isForced { request.isForced = true }
        if isDryRun { request.isDryRun = true }
        if let logLevel, logLevel > .notice { request.isQuiet = true }
        logger.logLevel = min(logger.logLevel, request.isQuiet ? .warning : logLevel ?? .notice)
        for warning in warnings { logger.warning("\(warning)") }
    }

    private func isMeant(_ path: String, _ repository: String) -> Bool {
        if path.hasPrefix("/") { return Directory.realPath(path) == Directory.realPath(repository) }
        return Directory.realPath(root.map { "\($0)/\(path)" } ?? path) == Directory.realPath(repository)
    }

    /// The file of trusted keys where none is named, as ostree-push looks for it.
    private static func trusted(_ name: String) throws -> String {
        let user = Environment["HOME"].map { "\($0)/.config/ostree/ostree-receive-\(name)" }
        let system = "/etc/ostree/ostree-receive-\(name)"
        if let user, try Directory.exists(user) { return user }
        return system
    }
}

extension OSTreeReceiveConfiguration.Settings {
    /// Takes each setting that another has.
    fileprivate mutating func replace(by other: Self) {
        gpgSign = other.gpgSign ?? gpgSign
        gpgHome = other.gpgHome ?? gpgHome
        verifiesGPG = other.verifiesGPG ?? verifiesGPG
        gpgTrustedKeys = other.gpgTrustedKeys ?? gpgTrustedKeys
        signType = other.signType ?? signType
        signKeyFiles = other.signKeyFiles ?? signKeyFiles
        verifiesSignatures = other.verifiesSignatures ?? verifiesSignatures
        signTrustedKeyFile = other.signTrustedKeyFile ?? signTrustedKeyFile
        update = other.update ?? update
        updateHook = other.updateHook ?? updateHook
    }
}

extension YAMLSetting {
    fileprivate func place(in file: String) -> String { "\(file.forDisplay(limit: 4096)):\(entry.line)" }
}
