// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The artifact caches in BuildStream's user configuration, `buildstream.conf`.
///
/// It has the keys `artifactdir`, `artifacts` and `projects.NAME.artifacts`. All other groups and keys are ignored,
/// whatever is in them, as long as the file is well-formed YAML.
public struct Configuration: Sendable {
    /// The caches for all projects, in the order in which they are asked.
    public private(set) var generalCaches: [CacheSpecification] = []
    /// The caches that projects have of their own, by the project's name.
    public private(set) var projectCaches: [String: [CacheSpecification]] = [:]
    private let directories: UserDirectories
    private var namedArtifactDirectory: String?

    /// A person's configuration is a few KiB; a larger file is something else.
    private static let largestSize = 1 << 20

    /// An empty configuration: no caches, and the default artifact directory.
    public init(environment: [String: String], homeDirectory: String? = nil) {
        directories = UserDirectories(environment: environment, home: homeDirectory)
    }

    /// Reads a configuration.
    ///
    /// - Parameters:
    ///   - path: The file; nil for `$XDG_CONFIG_HOME/buildstream.conf`, by default
    ///     `~/.config/buildstream.conf`, which need not exist.
    ///   - environment: The variables that paths in the file may use.
    ///   - homeDirectory: The home directory; nil for the environment's `HOME`.
    /// - Throws: `ConfigurationError` where a file that was named does not exist, where the file cannot be read,
    ///   and on every mistake in it.
    public static func load(
        path: String?, environment: [String: String], homeDirectory: String? = nil
    ) throws(ConfigurationError) -> Configuration {
        let empty = Configuration(environment: environment, homeDirectory: homeDirectory)
        guard let file = path ?? empty.directories.configuration.map({ $0 + "/buildstream.conf" }) else {
            return empty
        }
        if let bytes = try readFile(file) {
            return try Configuration(
                parsing: bytes, file: file, environment: environment, homeDirectory: homeDirectory)
        }
        guard path == nil else {
            throw ConfigurationError(
                file: file, "there is no such configuration file", remedy: "name one that exists, or none")
        }
        return empty
    }

    /// Reads a configuration's text; `file` is its name for messages.
    ///
    /// Throws `ConfigurationError` with the line of the first mistake.
    public init(
        parsing bytes: [UInt8], file: String, environment: [String: String], homeDirectory: String? = nil
    ) throws(ConfigurationError) {
        self.init(environment: environment, homeDirectory: homeDirectory)
        do {
            try read(YAMLDocument(parsing: bytes))
        } catch {
            var error = error
            error.file = file
            throw error
        }
    }

    /// BuildStream's artifact directory on this machine, without a slash at its end.
    ///
    /// Throws `ConfigurationError` where no home directory is known to find the default below.
    public var artifactDirectory: String {
        get throws(ConfigurationError) {
            let directory = namedArtifactDirectory ?? directories.cache.map { $0 + "/buildstream/artifacts" }
            if let directory { return directory }
            throw ConfigurationError(
                "cannot find the local artifact cache: neither HOME nor XDG_CACHE_HOME is set",
                remedy: "set one, or name the repository with --repo")
        }
    }

    /// BuildStream's own local repository: `ostree` below the artifact directory.
    ///
    /// Throws `ConfigurationError` as `artifactDirectory` does.
    public var localRepositoryPath: String {
        get throws(ConfigurationError) {
            let directory = try artifactDirectory
            return (directory == "/" ? "" : directory) + "/ostree"
        }
    }

    /// The caches for a project, its own before the general ones, each once. Nil gives the general ones.
    public func caches(forProject name: String?) -> [CacheSpecification] {
        let own = name.flatMap { projectCaches[$0] } ?? []
        var result: [CacheSpecification] = []
        for cache in own + generalCaches where !result.contains(where: cache.isSameCache) {
            result.append(cache)
        }
        return result
    }

    /// The file's bytes, or nil where there is no such file.
    private static func readFile(_ path: String) throws(ConfigurationError) -> [UInt8]? {
        guard !path.utf8.contains(0) else {
            throw ConfigurationError(
                file: path, "its name holds a NUL character", remedy: "name an existing file")
        }
        do {
            return try Directory.openAnywhere(path).readAll(limit: largestSize)
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR: return nil
            case EFBIG:
                throw ConfigurationError(
                    file: path, "it is larger than 1 MiB, so it is hardly a configuration",
                    remedy: "name a buildstream.conf")
            default:
                throw ConfigurationError(
                    file: path, "the configuration cannot be read: \(error.reason)",
                    remedy: "correct that or name another file")
            }
        }
    }
}

// MARK: The groups of the file

extension Configuration {
    private mutating func read(_ document: YAMLDocument) throws(ConfigurationError) {
        guard let root = document.root, !root.isNull else { return }
        var reader = CacheSpecificationReader(document: document)
        for entry in try YAMLMapping(root, of: "the file", in: document).entries {
            switch entry.key {
            case "artifactdir": namedArtifactDirectory = try artifactDirectory(entry.value)
            case "artifacts": generalCaches = try reader.caches(entry.value)
            case "projects": projectCaches = try projects(entry.value, &reader)
            default: continue
            }
        }
    }

    private func artifactDirectory(_ value: YAMLNode) throws(ConfigurationError) -> String {
        guard case .text(let text, _) = value.content, !value.isNull else {
            throw ConfigurationError(
                line: value.line, "'artifactdir' is \(value.kind) where a path belongs",
                remedy: "write one, a lone ~ in quotation marks, or leave out the key")
        }
        return try directories.expand(text, key: "artifactdir", line: value.line)
    }

    private func projects(
        _ node: YAMLNode, _ reader: inout CacheSpecificationReader
    ) throws(ConfigurationError) -> [String: [CacheSpecification]] {
        if node.isNull { return [:] }
        var caches: [String: [CacheSpecification]] = [:]
        for entry in try YAMLMapping(node, of: "the group 'projects'", in: reader.document).entries
        where !entry.value.isNull {
            let project = try YAMLMapping(
                entry.value, of: "the project '\(entry.key.forDisplay())'", in: reader.document)
            if let artifacts = project["artifacts"] {
                caches[entry.key] = try reader.caches(artifacts)
            }
        }
        return caches
    }
}
