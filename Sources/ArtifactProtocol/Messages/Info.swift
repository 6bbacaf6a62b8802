// SPDX-License-Identifier: Apache-2.0

import Variants

/// The body of `info`: what a side is and has.
public struct Info: Equatable, Sendable {
    /// The repository mode by OSTree's numbers: bare 0, archive 1, bare-user 2, bare-user-only 3. A connection
    /// check sends 0.
    public var mode: Int32
    /// Commits by ref: those the client wants to push, or what the receiver has of them.
    public var refs: [RefName: Checksum]
    /// Where the cache can be pulled from, if the receiver says so.
    public var pullURL: String?
    /// Its capabilities beyond version 1.
    public var capabilities: Set<Capability> = []
    /// True for a receiver that takes no changes at all, as its owner wants it.
    public var isReadOnly = false
    /// With `Capability.metadata`: digests of the items of detached metadata, by commit. A commit without any has an empty set;
    /// one that is not listed is not here, or is not told about.
    public var metadata: [Checksum: Set<Checksum>] = [:]
    /// True for a client that has the receiver ask for ancestors behind commits that it has, with `Capability.history`.
    public var fillsHistory = false
    /// With `Capability.history`: the refs of a receiver whose history ends early, each with the oldest commit that it has.
    public var historyEnds: [RefName: Checksum] = [:]
    /// With `Capability.pull`: the collection that the receiver's refs belong to.
    public var collection: String?
    /// With `Capability.ahead`: commits of the client that those of `refs` may resemble; of them, those that the receiver has.
    public var similar: [Checksum] = []
    /// The other keys of a message that was received, sorted.
    public private(set) var otherKeys: [String] = []

    /// Compares what is written: other keys are only ever read.
    public static func == (left: Info, right: Info) -> Bool {
        left.mode == right.mode && left.refs == right.refs && left.pullURL == right.pullURL
            && left.capabilities == right.capabilities && left.isReadOnly == right.isReadOnly
            && left.metadata == right.metadata
            && left.collection == right.collection && left.fillsHistory == right.fillsHistory
            && left.historyEnds == right.historyEnds && left.similar == right.similar
    }

    /// Describes a side.
    public init(
        mode: Int32, refs: [RefName: Checksum] = [:], pullURL: String? = nil,
        capabilities: Set<Capability> = [],
        isReadOnly: Bool = false
    ) {
        self.isReadOnly = isReadOnly
        self.capabilities = capabilities
        self.mode = mode
        self.refs = refs
        self.pullURL = pullURL
    }

    /// Asks where refs are, without having commits for them.
    public init(asking refs: [RefName], capabilities: Set<Capability>) {
        let zeros = Checksum(hex: Checksum.noCommit)
        self.init(
            mode: RepositoryMode.archive.rawValue,
            refs: Dictionary(refs.compactMap { ref in zeros.map { (ref, $0) } }) { first, _ in first },
            capabilities: capabilities)
    }

    /// Reads a body. Unknown keys are ignored: they announce capabilities.
    ///
    /// In version 0 a receiver lists every ref that it has. One whose name is not allowed here cannot be one of ours, and
    /// is left out.
    init(body: Variant, version: ProtocolVersion) throws(ProtocolError) {
        guard let mode = body.entry("mode")?.int32 else {
            throw ProtocolError(.malformed, "the peer's info names no repository mode (key mode, type i)")
        }
        guard let refs = body.entry("refs"), refs.typeString == "a{ss}" else {
            throw ProtocolError(.malformed, "the peer's info lists no refs (key refs, type a{ss})")
        }
        self.init(mode: mode)
        self.refs = try Info.commits(refs, version: version)
        if let url = body.entry("pull_url") {
            guard let text = url.string else {
                throw ProtocolError(
                    .malformed,
                    "the peer's info has a pull_url of type \(url.typeString.forDisplay(limit: 40)), not s")
            }
            pullURL = text
        }
        isReadOnly = body.entry("read_only")?.bool ?? false
        if version == .one { capabilities = Capability.list(body.entry("abilities")) }
        if capabilities.contains(.metadata) { metadata = try MetadataDigests.parse(body.entry("metadata")) }
        fillsHistory = body.entry("fills_history")?.bool ?? false
        if capabilities.contains(.history), let ends = body.entry("history_ends"), ends.typeString == "a{ss}"
        {
            historyEnds = try Info.commits(ends, version: version)
        }
        if capabilities.contains(.pull) { collection = body.entry("collection")?.string }
        if capabilities.contains(.ahead) { similar = try SimilarCommits.parse(body.entry("similar")) }
        otherKeys = (0..<body.count).compactMap { body[$0][0].string }
            .filter { !Info.keys.contains($0) }.sorted()
    }

    private static let keys: Set<String> = [
        "mode", "refs", "pull_url", "abilities", "read_only", "metadata", "fills_history", "history_ends",
        "collection", "similar",
    ]

    /// Reads refs with their commits.
    private static func commits(
        _ refs: Variant, version: ProtocolVersion
    ) throws(ProtocolError) -> [RefName: Checksum] {
        var commits: [RefName: Checksum] = [:]
        for index in 0..<refs.count {
            let pair = refs[index]
            let name = pair[0].string ?? ""
            let checksum = pair[1].string ?? ""
            if version == .zero && RefName(name) == nil { continue }
            commits[try RefName(received: name)] = try Checksum(received: checksum, of: name)
        }
        return commits
    }

    /// The value of refs with their commits.
    private static func value(_ commits: [RefName: Checksum]) -> Variant {
        let size = commits.keys.reduce(0) { $0 + $1.text.utf8.count + 2 * Checksum.byteCount + 16 }
        var list = StringTuples(count: commits.count, size: size)
        for (ref, commit) in commits.sorted(by: { $0.key < $1.key }) { list.append(ref.text, commit.hex) }
        return Variant(trusting: list.serialized(), as: "a{ss}")
    }

    /// The body, with its keys in the order that existing peers write them.
    var body: Variant {
        var entries: [(key: String, value: Variant)] = [
            ("mode", .int32(mode)), ("refs", Info.value(refs)),
        ]
        if let pullURL { entries.append(("pull_url", .string(pullURL))) }
        if !capabilities.isEmpty { entries.append(("abilities", Capability.value(capabilities))) }
        if isReadOnly { entries.append(("read_only", .bool(true))) }
        if !metadata.isEmpty { entries.append(("metadata", MetadataDigests.value(metadata))) }
        if fillsHistory { entries.append(("fills_history", .bool(true))) }
        if !historyEnds.isEmpty { entries.append(("history_ends", Info.value(historyEnds))) }
        if let collection { entries.append(("collection", .string(collection))) }
        if !similar.isEmpty { entries.append(("similar", SimilarCommits.value(similar))) }
        return .dictionary(entries)
    }
}

extension RefName {
    /// Reads a name that a peer sent.
    init(received text: String) throws(ProtocolError) {
        guard let name = RefName(text) else {
            throw ProtocolError(
                .malformed, "the peer names the ref '\(text.forDisplay())', which is not a valid ref name")
        }
        self = name
    }
}

extension Checksum {
    /// Reads a commit that a peer sent for a ref.
    init(received text: String, of ref: String) throws(ProtocolError) {
        guard let checksum = Checksum(hex: text) else {
            throw ProtocolError(
                .malformed,
                "the peer gives ref \(ref.forDisplay()) the commit '\(text.forDisplay())', which is not 64 lower-case "
                    + "hexadecimal digits")
        }
        self = checksum
    }
}
