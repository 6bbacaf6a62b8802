// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import SystemCalls

/// The repositories that are kept up to date, and the remotes that each mirrors.
///
/// A remote's settings have the names of options of `pull`, and become its command line.
struct MirrorConfiguration {
    /// A remote that is mirrored.
    struct Remote {
        /// Its URL or name.
        let name: String
        /// The options of `pull` that mirror it, without the repository.
        let arguments: [String]
    }

    /// A repository with mirrors.
    struct Repository {
        let path: String
        var remotes: [Remote] = []
        /// The keys that sign the summary, as options of `repo summary`.
        var signing: [String] = []
    }

    private(set) var repositories: [Repository] = []

    private static let largestSize = 1 << 20
    private static let texts = [
        "into", "depth", "deltas", "ca", "client-cert", "client-key", "token-file", "header-file",
        "netrc-file",
        "verify-gpg", "verify-ed25519", "ssh", "receiver", "timeout",
    ]
    private static let flags = ["prune-refs", "no-older", "netrc"]
    private static let lists = ["exclude", "mirror"]

    /// Reads a file.
    ///
    /// - Throws: `ConfigurationError` with the line of the first mistake; `SystemError` if it cannot be read.
    init(file: String) throws {
        do {
            try read(YAMLDocument(parsing: Directory.openAnywhere(file).readAll(limit: Self.largestSize)))
        } catch let error as ConfigurationError {
            throw error.named(file)
        }
    }

    private mutating func read(_ document: YAMLDocument) throws(ConfigurationError) {
        guard let root = document.root else {
            throw ConfigurationError("it is empty", remedy: "list repositories under 'repositories'")
        }
        for entry in try YAMLMapping(root, of: "the file", in: document).entries {
            guard entry.key == "repositories" else {
                throw Self.unknown(entry, of: "the file", among: ["repositories"])
            }
            for node in try YAMLSetting(entry, in: document).nodes() {
                repositories.append(try Self.repository(node, in: document))
            }
        }
        guard !repositories.isEmpty else {
            throw ConfigurationError("there is no repository in it", remedy: "list some under 'repositories'")
        }
    }

    private static func repository(
        _ node: YAMLNode, in document: YAMLDocument
    ) throws(ConfigurationError) -> Repository {
        let mapping = try YAMLMapping(node, of: "a repository", in: document)
        var path: String?
        var remotes: [Remote] = []
        var signing: [String] = []
        for entry in mapping.entries {
            let setting = YAMLSetting(entry, in: document)
            switch entry.key {
            case "path": path = try setting.text()
            case "sign-ed25519", "gpg-sign":
                for key in try setting.list() ?? [] { signing += ["--\(entry.key)", key] }
            case "gpg-homedir": if let text = try setting.text() { signing += ["--gpg-homedir", text] }
            case "remotes":
                for node in try setting.nodes() { remotes.append(try remote(node, in: document)) }
            default:
                throw unknown(
                    entry, of: "a repository",
                    among: ["path", "remotes", "sign-ed25519", "gpg-sign", "gpg-homedir"])
            }
        }
        guard let path, path.hasPrefix("/") else {
            throw ConfigurationError(
                line: node.line, "this repository has no 'path', or none that begins with '/'",
                remedy: "add its absolute path")
        }
        guard !remotes.isEmpty else {
            throw ConfigurationError(
                line: node.line, "this repository has no 'remotes'", remedy: "list what it mirrors")
        }
        return Repository(path: path, remotes: remotes, signing: signing)
    }

    private static func remote(
        _ node: YAMLNode, in document: YAMLDocument
    ) throws(ConfigurationError) -> Remote {
        let mapping = try YAMLMapping(node, of: "a remote", in: document)
        var names: [String] = []
        var refs: [String] = []
        var options: [String: [String]] = ["into": ["--into", PullPlace.mirror.rawValue]]
        for entry in mapping.entries {
            let setting = YAMLSetting(entry, in: document)
            switch entry.key {
            case "url", "name": names += try [setting.text()].compactMap(\.self)
            case "refs": refs = try setting.list() ?? []
            case let key where texts.contains(key):
                options[key] = try setting.text().map { ["--\(key)=\($0)"] }
            case let key where flags.contains(key):
                options[key] = try setting.flag() == true ? ["--\(key)"] : []
            case let key where lists.contains(key):
                options[key] = try (setting.list() ?? []).map { "--\(key)=\($0)" }
            default:
                throw unknown(
                    entry, of: "a remote", among: ["url", "name", "refs"] + texts + flags + lists)
            }
        }
        guard names.count == 1, let name = names.first else {
            throw ConfigurationError(
                line: node.line,
                "this remote has \(names.isEmpty ? "neither" : "both") 'url' \(names.isEmpty ? "nor" : "and") 'name'",
                remedy: "give its URL, or the name of a remote of the repository")
        }
        if let word = refs.first(where: RefPatterns.choosesCommit) {
            throw ConfigurationError(
                line: node.line,
                "a mirror follows its remote, and '\(word.forDisplay(limit: 200))' is at one commit",
                remedy: "name the ref alone")
        }
        let arguments =
            ["--remote=\(name)"] + options.sorted { $0.key < $1.key }.flatMap(\.value)
            + (refs.isEmpty ? ["--all"] : ["--"] + refs)
        do { _ = try PullCommand.parse(arguments) } catch {
            throw ConfigurationError(
                line: node.line, "this remote has a wrong value: \(PullCommand.message(for: error))",
                remedy: "correct it")
        }
        return Remote(name: name, arguments: arguments)
    }

    private static func unknown(
        _ entry: YAMLMapping.Entry, of subject: String, among names: [String]
    ) -> ConfigurationError {
        ConfigurationError(
            line: entry.line, "\(subject) has no setting '\(entry.key.forDisplay())'",
            remedy: Suggestions.remedy(
                for: entry.key, among: names, or: "there are \(names.joined(separator: ", "))"))
    }
}
