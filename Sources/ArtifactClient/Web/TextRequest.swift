// SPDX-License-Identifier: Apache-2.0

/// Fetches a small text into memory.
final class TextRequest: WebRequest {
    let path: String
    let isOptional: Bool
    let mirror: Int?
    private let remote: String
    private let limit: Int
    private let use: ([UInt8]?) throws -> Void
    private var bytes: [UInt8] = []
    /// Indicates that the server gives many objects at once.
    private(set) var givesObjects = false
    /// Indicates that the remote has the text.
    private(set) var isFound = false

    /// Describes a request.
    ///
    /// - Parameters:
    ///   - remote: the remote's name for messages.
    ///   - limit: the most bytes that are accepted.
    ///   - mirror: the only mirror to ask, which need not have it; nil for any.
    ///   - use: receives the text, or nil where the remote does not have it.
    init(
        _ path: String, of remote: String, limit: Int, mirror: Int? = nil,
        use: @escaping ([UInt8]?) throws -> Void
    ) {
        self.path = path
        self.remote = remote
        self.limit = limit
        self.mirror = mirror
        isOptional = mirror != nil
        self.use = use
    }

    func begin(_ body: WebBody) {
        bytes = []
        givesObjects = body.givesObjects
    }

    func receive(_ part: UnsafeRawBufferPointer) throws {
        guard bytes.count + part.count <= limit else {
            throw ClientError(
                .badContent,
                "\(remote)/\(path) has more than \(limit) bytes, so it is not part of a repository: check what serves "
                    + "that URL")
        }
        bytes += part
    }

    func end(_ result: WebResult) throws {
        isFound = result == .complete
        try use(isFound ? bytes : nil)
    }
}
