// SPDX-License-Identifier: Apache-2.0

/// What BuildStream's user configuration, `buildstream.conf`, says about artifacts.
///
/// Read are `artifactdir`, `artifacts` and `projects.NAME.artifacts`. All other groups and keys are ignored,
/// whatever is in them, as long as the file is well-formed YAML.
public struct Configuration: Sendable {
    /// The caches for all projects, in the order in which they are asked.
    public private(set) var generalCaches: [CacheSpecification] = []
    /// The caches that projects have of their own, by the project's name.
    public private(set) var projectCaches: [String: [CacheSpecification]] = [:]
    private var knownArtifactDirectory: String?

    /// A configuration that says nothing: no caches, and the default artifact directory.
    public init(environment: [String: String], homeDirectory: String? = nil) {
        let directories = UserDirectories(environment: environment, home: homeDirectory)
        knownArtifactDirectory = directories.cache.map { $0 + "/buildstream/artifacts" }
    }

    /// Reads a configuration.
    ///
    /// - Parameters:
    ///   - path: The file; nil for `$XDG_CONFIG_HOME/buildstream.conf`, by default
    ///     `~/.config/buildstream.conf`, which need not exist.
    ///   - environment: The environment in which the file is understood.
    ///   - homeDirectory: The home directory; nil for the environment's `HOME`.
    /// - Throws: `ConfigurationError` where a file that was named does not exist, where the file cannot be read,
    ///   and on every mistake in it.
    public static func load(
        path: String?, environment: [String: String], homeDirectory: String? = nil
    ) throws(ConfigurationError) -> Configuration {
        let directories = UserDirectories(environment: environment, home: homeDirectory)
        let empty = Configuration(environment: environment, homeDirectory: homeDirectory)
        guard let file = path ?? directories.configuration.map({ $0 + "/buildstream.conf" }) else {
            return empty
        }
        if let bytes = try ConfigurationFile.read(file) {
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
        let directories = UserDirectories(environment: environment, home: homeDirectory)
        do {
            try read(try YAMLDocument(parsing: bytes), directories)
        } catch {
            throw ConfigurationError(file: file, error)
        }
    }

    /// Where BuildStream keeps its artifacts on this machine, without a slash at its end.
    ///
    /// Throws `ConfigurationError` where no home directory is known to find the default below.
    public var artifactDirectory: String {
        get throws(ConfigurationError) {
            guard let knownArtifactDirectory else {
                throw ConfigurationError(
                    file: nil, "cannot find the local artifact cache: neither HOME nor XDG_CACHE_HOME is set",
                    remedy: "set one, or name the repository with --repo")
            }
            return knownArtifactDirectory
        }
    }

    /// BuildStream's own local repository: `ostree` below the artifact directory.
    ///
    /// Throws what `artifactDirectory` throws.
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
}

// MARK: The groups of the file

extension Configuration {
    private mutating func read(
        _ document: YAMLDocument, _ directories: UserDirectories
    ) throws(ConfigurationFault) {
        guard let root = document.root, !root.isNull else { return }
        var reader = CacheSpecificationReader(document)
        for entry in try YAMLMapping(root, of: "the file", in: document).entries {
            switch entry.key {
            case "artifactdir": knownArtifactDirectory = try artifactDirectory(entry, directories)
            case "artifacts": generalCaches = try reader.caches(entry.value)
            case "projects": projectCaches = try projects(entry.value, &reader)
            default: continue
            }
        }
    }

    private func artifactDirectory(
        _ entry: YAMLMapping.Entry, _ directories: UserDirectories
    ) throws(ConfigurationFault) -> String {
        guard case .text(let text, _) = entry.value.content, !entry.value.isNull else {
            throw ConfigurationFault(
                line: entry.value.line, "'artifactdir' is \(entry.value.kind) where a path belongs",
                remedy: "write one, a lone ~ in quotation marks, or leave out the key")
        }
        return try directories.expand(text, key: "artifactdir", line: entry.value.line)
    }

    private func projects(
        _ node: YAMLNode, _ reader: inout CacheSpecificationReader
    ) throws(ConfigurationFault) -> [String: [CacheSpecification]] {
        if node.isNull { return [:] }
        var caches: [String: [CacheSpecification]] = [:]
        for entry in try YAMLMapping(node, of: "the group 'projects'", in: reader.document).entries
        where !entry.value.isNull {
            let project = try YAMLMapping(
                entry.value, of: "the project \(Quotation.quoted(entry.key))", in: reader.document)
            if let artifacts = project["artifacts"] {
                caches[entry.key] = try reader.caches(artifacts)
            }
        }
        return caches
    }
}
