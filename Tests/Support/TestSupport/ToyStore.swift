// SPDX-License-Identifier: Apache-2.0

/// An object store of one bucket in memory, which does what it is told about conditions, and answers wrongly, or with
/// what was there before, when it is told to.
public final class ToyStore: Sendable {
    /// The ways in which stores treat the headers of conditional writes.
    public enum Conditions: Sendable {
        /// As they should.
        case kept
        /// Every write succeeds.
        case ignored
        /// Conditional writes are not implemented.
        case refused
        /// Only the condition of the name is kept.
        case onlyCreation, onlyReplacement
        /// `If-Match` is understood with quotation marks alone; without them, it is ignored or never true.
        case quotedOrIgnored, quotedOrFalse
        /// `If-Match` is understood without quotation marks alone.
        case unquotedOrFalse
        /// Objects whose keys end in `-race` are looked for first and created then, with time for others in between.
        case racy
    }

    /// A deviation from the right answer to a request.
    public enum Deviation: Sendable {
        /// Answers so in place of doing anything.
        case instead(ScriptedServer.Answer)
        /// Does the right thing and answers so.
        case afterwards(ScriptedServer.Answer)
        /// Does this first.
        case behind(@Sendable (ToyStore) -> Void)
        /// Answers a request that reads from what was there before, as a cache does.
        case stale([String: Object])
    }

    /// An object in the bucket.
    public struct Object: Equatable, Sendable {
        /// The content.
        public var bytes: [UInt8]
        /// The time of its creation by the store's clock, in seconds since 1970.
        public var modified: Int
        /// Headers that are kept with it, `x-amz-meta-NAME: value`.
        public var metadata: [String] = []

        var etag: String { ToyStore.etag(bytes) }
    }

    /// The bucket's name.
    public static let bucket = "toy"
    /// The access key, whose signatures nobody checks.
    public static let accessKey = "toy"
    /// The secret key.
    public static let secretKey = "toy-secret"

    let conditions: Conditions
    let deviation: @Sendable (ScriptedServer.Request) -> Deviation?
    let objects = Locked<[String: Object]>([:])
    private let time = Locked(1_800_000_000)
    let racers = Locked(0)
    private let started = Locked<ScriptedServer?>(nil)

    /// Starts a store.
    ///
    /// - Parameter deviation: chooses what goes wrong with a request; several threads may ask at once.
    public init(
        _ conditions: Conditions = .kept,
        deviation: @escaping @Sendable (ScriptedServer.Request) -> Deviation? = { _ in nil }
    ) throws {
        self.conditions = conditions
        self.deviation = deviation
        let server = try ScriptedServer { [weak self] in self?.answer($0) ?? .close }
        started.withLock { $0 = server }
    }

    /// The server, with all requests so far.
    public var server: ScriptedServer {
        guard let server = started.withLock({ $0 }) else { preconditionFailure("the server was started") }
        return server
    }

    /// The content of an object.
    public subscript(key: String) -> [UInt8]? {
        get { objects.withLock { $0[key]?.bytes } }
        set {
            let now = now
            objects.withLock { $0[key] = newValue.map { Object(bytes: $0, modified: now) } }
        }
    }

    /// All objects, for `Deviation.stale`.
    public var snapshot: [String: Object] { objects.withLock { $0 } }

    /// Replaces all objects.
    public func restore(_ snapshot: [String: Object]) { objects.withLock { $0 = snapshot } }

    /// All keys in the order of their bytes.
    public var keys: [String] { ToyStore.sorted(snapshot.keys) }

    /// The store's clock, which stands still unless it is set.
    public var now: Int {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }

    /// The methods of all requests so far.
    public var methods: [String] { server.requests.map(\.method) }

    /// The ETag of an object with this content.
    public static func etag(_ bytes: [UInt8]) -> String {
        // Any function of the content will do.
        "toy-" + String(bytes.reduce(into: UInt64(17)) { $0 = $0 &* 31 &+ UInt64($1) }, radix: 16)
    }

    static func sorted(_ keys: some Sequence<String>) -> [String] {
        keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// An answer with the document that describes an error.
    public static func error(_ status: Int, _ code: String, headers: [String] = []) -> ScriptedServer.Answer {
        .text(status, "<?xml version=\"1.0\"?><Error><Code>\(code)</Code></Error>", headers: headers)
    }
}
