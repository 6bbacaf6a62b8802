// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// One artifact cache of the configuration, with the addresses for pulls and pushes.
public struct CacheSpecification: Hashable, Sendable {
    /// The address that is pulled from; nil for a cache that is only pushed to. The receiver at an ssh address is
    /// asked for the URL.
    public let pull: RemoteAddress?
    /// The address that is pushed to: by ssh, on this machine or in a bucket; nil for a cache that is only pulled from.
    public let push: RemoteAddress?
    /// The line of the configuration on which it begins, counted from 1.
    public let line: Int

    /// Returns true if both have the same addresses, on whatever lines.
    func isSameCache(as other: CacheSpecification) -> Bool {
        pull == other.pull && push == other.push
    }
}

extension RemoteAddress {
    /// Indicates an address that `url` alone has pushed to.
    fileprivate var isPushedToByDefault: Bool {
        switch self {
        case .ssh, .bucket: true
        case .web, .local: false
        }
    }
}

/// Reads the value of an `artifacts` key, in all the forms that BuildStream had until 1.0.
///
/// | form | meaning |
/// |---|---|
/// | a mapping with `pull-url`, `push-url` and `push-port` | each of the two URLs may be missing |
/// | a mapping with `url` | one of ssh or of a bucket is pulled from and pushed to, any other only pulled from |
/// | the same with `push` | `push` decides |
/// | a list of mappings with `url` and `push` | only what says `push: true` is pushed to |
struct CacheSpecificationReader {
    /// Bounds the caches of a file in which many projects alias one long list.
    private static let mostCaches = 1000

    let document: YAMLDocument
    private(set) var count = 0

    /// Reads the caches in the value of an `artifacts` key, in its order.
    mutating func caches(_ node: YAMLNode) throws(ConfigurationError) -> [CacheSpecification] {
        if node.isNull { return [] }
        switch node.content {
        case .mapping:
            guard let cache = try single(node) else { return [] }
            try countOne(line: node.line)
            return [cache]
        case .list(let items):
            var caches: [CacheSpecification] = []
            for item in items {
                caches.append(try listed(document.resolved(item)))
                try countOne(line: item.line)
            }
            return caches
        case .text, .alias:
            throw ConfigurationError(
                line: node.line, "'artifacts' is text where a mapping or a list of mappings belongs",
                remedy: "write 'url: ...' below it")
        }
    }

    private mutating func countOne(line: Int) throws(ConfigurationError) {
        count += 1
        if count > Self.mostCaches {
            throw ConfigurationError(
                line: line, "the file lists more than \(Self.mostCaches) artifact caches",
                remedy: "remove some")
        }
    }

    // MARK: The forms

    private func single(_ node: YAMLNode) throws(ConfigurationError) -> CacheSpecification? {
        let cache = try YAMLMapping(node, of: "'artifacts'", in: document)
        let separate = ["pull-url", "push-url", "push-port"]
        let joint = ["url", "push"]
        try refuseUnknownKeys(cache, known: joint + separate)
        if cache.entries.isEmpty { return nil }
        let isSeparate = separate.contains { cache[$0] != nil }
        if isSeparate, let other = cache.entries.first(where: { joint.contains($0.key) }) {
            throw ConfigurationError(
                line: other.line,
                "the key '\(other.key)' stands beside one of \(separate.joined(separator: ", "))",
                remedy: "use either 'url' and 'push' or the other three")
        }
        return isSeparate ? try separateURLs(cache) : try oneURL(cache, isListed: false)
    }

    private func listed(_ node: YAMLNode) throws(ConfigurationError) -> CacheSpecification {
        let cache = try YAMLMapping(node, of: "an item of 'artifacts'", in: document)
        try refuseUnknownKeys(cache, known: ["url", "push"])
        return try oneURL(cache, isListed: true)
    }

    /// Reads `url` and `push`. Without `push`, an address of a list is only pulled from.
    private func oneURL(
        _ cache: YAMLMapping, isListed: Bool
    ) throws(ConfigurationError) -> CacheSpecification {
        guard let url = cache["url"] else {
            throw ConfigurationError(line: cache.line, "an artifact cache has no 'url'", remedy: "add one")
        }
        let address = try self.address(url, key: "url")
        guard let push = cache["push"] else {
            let push = !isListed && address.isPushedToByDefault ? address : nil
            return CacheSpecification(pull: address, push: push, line: cache.line)
        }
        let isPushed = try boolean(push, key: "push")
        if isPushed, case .web = address {
            throw ConfigurationError(
                line: push.line,
                "'push: true' stands beside \(address), and artifacts are pushed over ssh or into a bucket",
                remedy: "give an ssh:// or s3:// URL, or leave out 'push'")
        }
        return CacheSpecification(pull: address, push: isPushed ? address : nil, line: cache.line)
    }

    /// Reads `pull-url`, `push-url` and `push-port`. An empty URL counts as absent.
    private func separateURLs(_ cache: YAMLMapping) throws(ConfigurationError) -> CacheSpecification? {
        let pull = try optionalAddress(cache, key: "pull-url")
        var push = try optionalAddress(cache, key: "push-url")
        if case .web(let web) = push {
            throw ConfigurationError(
                line: cache["push-url"]?.line,
                "'push-url' is \(web), and artifacts are pushed over ssh or into a bucket",
                remedy: "give USER@HOST:PATH, or an ssh:// or s3:// URL")
        }
        if let portNode = cache["push-port"] {
            push = try withPort(push, portNode)
        }
        if pull == nil && push == nil { return nil }
        return CacheSpecification(pull: pull, push: push, line: cache.line)
    }

    private func withPort(
        _ push: RemoteAddress?, _ node: YAMLNode
    ) throws(ConfigurationError) -> RemoteAddress {
        let portText = try text(node, key: "push-port")
        guard let port = try? URLAuthority.port(portText) else {
            throw ConfigurationError(
                line: node.line, "'push-port' is not a number from 1 to 65535",
                remedy: "correct it or leave it out")
        }
        guard case .ssh(var address) = push else {
            throw ConfigurationError(
                line: node.line, "'push-port' stands without a 'push-url' of ssh",
                remedy: "add the 'push-url' or leave out the port")
        }
        if let other = address.port, other != port {
            throw ConfigurationError(
                line: node.line, "'push-port' is \(port) while 'push-url' has the port \(other)",
                remedy: "leave out one of the two")
        }
        address.port = port
        return .ssh(address)
    }

    // MARK: Values

    private func refuseUnknownKeys(_ cache: YAMLMapping, known: [String]) throws(ConfigurationError) {
        guard let unknown = cache.entries.first(where: { !known.contains($0.key) }) else { return }
        throw ConfigurationError(
            line: unknown.line, "an artifact cache has no key '\(unknown.key.forDisplay())'",
            remedy: "the keys here are \(known.joined(separator: ", "))")
    }

    private func text(_ node: YAMLNode, key: String) throws(ConfigurationError) -> String {
        guard case .text(let text, _) = node.content else {
            throw ConfigurationError(
                line: node.line, "'\(key)' is \(node.kind) where text belongs", remedy: "write it on one line"
            )
        }
        return text
    }

    private func optionalAddress(
        _ cache: YAMLMapping, key: String
    ) throws(ConfigurationError) -> RemoteAddress? {
        guard let node = cache[key], !node.isNull else { return nil }
        if case .text("", _) = node.content { return nil }
        return try address(node, key: key)
    }

    private func address(_ node: YAMLNode, key: String) throws(ConfigurationError) -> RemoteAddress {
        let text = node.isNull ? "" : try text(node, key: key)
        do {
            return try RemoteAddress(parsing: text)
        } catch {
            throw ConfigurationError(
                line: node.line, "cannot use '\(error.remote)' as '\(key)': \(error.cause)",
                remedy: error.remedy)
        }
    }

    /// Accepts the spellings of YAML 1.2 (its core schema), in quotation marks too; not the `yes` and `on` of YAML 1.1.
    private func boolean(_ node: YAMLNode, key: String) throws(ConfigurationError) -> Bool {
        switch try text(node, key: key) {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        case let text:
            throw ConfigurationError(
                line: node.line, "'\(key)' is '\(text.forDisplay())', which is neither true nor false",
                remedy: "write true or false")
        }
    }
}
