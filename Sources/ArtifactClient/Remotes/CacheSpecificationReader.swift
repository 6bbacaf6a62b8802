// SPDX-License-Identifier: Apache-2.0

/// Reads the value of an `artifacts` key, in all the forms that BuildStream had until 1.0.
///
/// | form | meaning |
/// |---|---|
/// | a mapping with `pull-url`, `push-url` and `push-port` | each of the two URLs may be missing |
/// | a mapping with `url` | one of ssh is pulled from and pushed to, any other only pulled from |
/// | the same with `push` | `push` decides |
/// | a list of mappings with `url` and `push` | only what says `push: true` is pushed to |
struct CacheSpecificationReader {
    /// A limit on what many projects with aliases of one long list may add up to.
    private static let mostCaches = 1000

    let document: YAMLDocument
    private var count = 0

    init(_ document: YAMLDocument) {
        self.document = document
    }

    /// The caches that `node`, the value of an `artifacts` key, lists, in its order.
    mutating func caches(_ node: YAMLNode) throws(ConfigurationFault) -> [CacheSpecification] {
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
            throw ConfigurationFault(
                line: node.line, "'artifacts' is text where a mapping or a list of mappings belongs",
                remedy: "write 'url: ...' below it")
        }
    }

    private mutating func countOne(line: Int) throws(ConfigurationFault) {
        count += 1
        if count > Self.mostCaches {
            throw ConfigurationFault(
                line: line, "the file lists more than \(Self.mostCaches) artifact caches",
                remedy: "remove some")
        }
    }

    // MARK: The forms

    private func single(_ node: YAMLNode) throws(ConfigurationFault) -> CacheSpecification? {
        let cache = try YAMLMapping(node, of: "'artifacts'", in: document)
        let separate = ["pull-url", "push-url", "push-port"]
        let joint = ["url", "push"]
        try refuseUnknownKeys(cache, known: joint + separate)
        if cache.entries.isEmpty { return nil }
        let isSeparate = separate.contains { cache[$0] != nil }
        if isSeparate, let other = cache.entries.first(where: { joint.contains($0.key) }) {
            throw ConfigurationFault(
                line: other.line,
                "the key '\(other.key)' stands beside one of \(separate.joined(separator: ", "))",
                remedy: "use either 'url' and 'push' or the other three")
        }
        return isSeparate ? try separateURLs(cache) : try oneURL(cache, pushesToSSH: true)
    }

    private func listed(_ node: YAMLNode) throws(ConfigurationFault) -> CacheSpecification {
        let cache = try YAMLMapping(node, of: "an item of 'artifacts'", in: document)
        try refuseUnknownKeys(cache, known: ["url", "push"])
        return try oneURL(cache, pushesToSSH: false)
    }

    /// `url` and, perhaps, `push`. `pushesToSSH` is what holds for an ssh address without `push`.
    private func oneURL(
        _ cache: YAMLMapping, pushesToSSH: Bool
    ) throws(ConfigurationFault) -> CacheSpecification {
        guard let url = cache["url"] else {
            throw ConfigurationFault(
                line: cache.line, "an artifact cache has no 'url'", remedy: "add one")
        }
        let address = try self.address(url, key: "url")
        guard let push = cache["push"] else {
            let push = pushesToSSH && address.isSSH ? address : nil
            return CacheSpecification(pull: address, push: push, line: cache.line)
        }
        let isPushed = try boolean(push, key: "push")
        if isPushed, case .web = address {
            throw ConfigurationFault(
                line: push.line, "'push: true' stands beside \(address), and artifacts are pushed over ssh",
                remedy: "give an ssh:// URL, or leave out 'push'")
        }
        return CacheSpecification(pull: address, push: isPushed ? address : nil, line: cache.line)
    }

    /// `pull-url`, `push-url` and `push-port`. An empty URL counts as absent.
    private func separateURLs(_ cache: YAMLMapping) throws(ConfigurationFault) -> CacheSpecification? {
        let pull = try optionalAddress(cache, key: "pull-url")
        var push = try optionalAddress(cache, key: "push-url")
        if case .web(let web) = push {
            throw ConfigurationFault(
                line: cache["push-url"]?.line, "'push-url' is \(web), and artifacts are pushed over ssh",
                remedy: "give USER@HOST:PATH or an ssh:// URL")
        }
        if let portNode = cache["push-port"] {
            push = try withPort(push, portNode)
        }
        if pull == nil && push == nil { return nil }
        return CacheSpecification(pull: pull, push: push, line: cache.line)
    }

    private func withPort(
        _ push: RemoteAddress?, _ node: YAMLNode
    ) throws(ConfigurationFault) -> RemoteAddress {
        let portText = try text(node, key: "push-port")
        let port: UInt16
        do {
            port = try AddressAuthority.port(portText)
        } catch {
            throw ConfigurationFault(
                line: node.line, "'push-port' is not a number from 1 to 65535",
                remedy: "correct it or leave it out")
        }
        guard case .ssh(let address) = push else {
            throw ConfigurationFault(
                line: node.line, "'push-port' stands without a 'push-url' of ssh",
                remedy: "add the 'push-url' or leave out the port")
        }
        if let other = address.port, other != port {
            throw ConfigurationFault(
                line: node.line, "'push-port' is \(port) while 'push-url' has the port \(other)",
                remedy: "leave out one of the two")
        }
        return .ssh(address.withPort(port))
    }

    // MARK: Values

    private func refuseUnknownKeys(_ cache: YAMLMapping, known: [String]) throws(ConfigurationFault) {
        guard let unknown = cache.entries.first(where: { !known.contains($0.key) }) else { return }
        throw ConfigurationFault(
            line: unknown.line, "an artifact cache has no key \(Quotation.quoted(unknown.key))",
            remedy: "the keys here are \(known.joined(separator: ", "))")
    }

    private func text(_ node: YAMLNode, key: String) throws(ConfigurationFault) -> String {
        guard case .text(let text, _) = node.content else {
            throw ConfigurationFault(
                line: node.line, "'\(key)' is \(node.kind) where text belongs", remedy: "write it on one line"
            )
        }
        return text
    }

    private func optionalAddress(
        _ cache: YAMLMapping, key: String
    ) throws(ConfigurationFault) -> RemoteAddress? {
        guard let node = cache[key], !node.isNull else { return nil }
        if case .text("", _) = node.content { return nil }
        return try address(node, key: key)
    }

    private func address(_ node: YAMLNode, key: String) throws(ConfigurationFault) -> RemoteAddress {
        let text = node.isNull ? "" : try text(node, key: key)
        do {
            return try RemoteAddress(parsing: text)
        } catch {
            throw ConfigurationFault(
                line: node.line, "cannot use '\(error.remote)' as '\(key)': \(error.cause)",
                remedy: error.remedy)
        }
    }

    /// The spellings of YAML 1.2 (its core schema), in quotation marks too; not the `yes` and `on` of YAML 1.1.
    private func boolean(_ node: YAMLNode, key: String) throws(ConfigurationFault) -> Bool {
        switch try text(node, key: key) {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        case let text:
            throw ConfigurationFault(
                line: node.line, "'\(key)' is \(Quotation.quoted(text)), which is neither true nor false",
                remedy: "write true or false")
        }
    }
}
