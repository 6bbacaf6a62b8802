// SPDX-License-Identifier: Apache-2.0

import SystemCalls
import TextCoding

/// A client of one bucket.
///
/// It can be used by any number of threads. All requests share one thread of its own, with libcurl's multi interface,
/// and connections that are used again.
package final class S3Client: Sendable {
    /// The bucket, and the place in it that `location.key` leads to. Operations take whole keys.
    package let location: S3Location
    /// The settings.
    package let configuration: S3Configuration
    private let mailbox: Mailbox
    private let thread: Thread

    /// Starts the client's thread. Nothing is sent yet.
    ///
    /// - Throws: `SystemError` if there is no thread left, `S3Error` if libcurl cannot be initialised.
    package init(_ location: S3Location, _ configuration: S3Configuration) throws {
        self.location = location
        self.configuration = configuration
        let mailbox = try Mailbox()
        self.mailbox = mailbox
        thread = try Thread {
            Signals.blockBrokenPipes()
            RequestLoop(location, configuration, mailbox).run()
        }
    }

    deinit {
        mailbox.stop()
        // A thread that still closes its connections while the process exits uses what OpenSSL has freed. The last use may
        // end on the thread itself, which then cannot wait.
        if !thread.isCurrent { thread.join() }
    }

    /// The requests that were sent so far.
    package var counts: RequestCounts { mailbox.counts }

    /// The form in which ETags are sent; `StoreProbe` sets the one that the store takes.
    package var etagForm: ETag.Form {
        get { mailbox.etagForm }
        set { mailbox.etagForm = newValue }
    }

    /// Submits a request without waiting for it, however many others there are.
    ///
    /// - Parameter cancellation: ends the request, which then fails with code `cancelled`.
    package func start<Value>(
        _ operation: S3Operation<Value>, cancellation: Cancellation? = nil
    ) -> PendingResponse<Value> {
        let slot = ResponseSlot()
        mailbox.submit(
            Submission(
                request: operation.request, payloadHash: payloadHash(operation.request.body), slot: slot,
                cancellation: cancellation))
        let shown = shown(operation.request.key)
        return PendingResponse(
            slot: slot, meaning: { [interpret = operation.interpret] in try interpret($0.get(), shown) },
            client: self)
    }

    /// Sends a request and waits for the answer.
    ///
    /// - Throws: `S3Error`, or the error of a sink.
    package func run<Value>(_ operation: S3Operation<Value>, cancellation: Cancellation? = nil) throws
        -> Value
    {
        try start(operation, cancellation: cancellation).value()
    }

    /// Lists all objects whose keys begin with `prefix`, in pages of 1,000.
    ///
    /// - Parameters:
    ///   - start: the key behind which the list begins; nil for the first.
    ///   - visit: takes a page; returns false to end.
    package func forEachPage(
        prefix: String, after start: String? = nil, cancellation: Cancellation? = nil,
        _ visit: (ListPage) throws -> Bool
    ) throws {
        var continuation: String?
        repeat {
            let page = try run(
                .list(prefix: prefix, after: start, continuation: continuation), cancellation: cancellation)
            guard try visit(page) else { return }
            continuation = page.continuation
        } while continuation != nil
    }

    /// Removes any number of objects, 1,000 with each request. Those that are not there count as removed.
    ///
    /// - Parameter repeating: see `S3Operation.delete`.
    /// - Returns: those that could not be removed.
    package func delete(
        _ keys: some Sequence<String>, repeating: Bool = true, cancellation: Cancellation? = nil
    ) throws -> [DeleteFailure] {
        var failures: [DeleteFailure] = []
        var chunk: [String] = []
        func send() throws {
            guard !chunk.isEmpty else { return }
            failures += try run(.delete(chunk, repeating: repeating), cancellation: cancellation)
            chunk = []
        }
        for key in keys {
            chunk.append(key)
            if chunk.count == S3Operation<[DeleteFailure]>.maximumCount { try send() }
        }
        try send()
        return failures
    }

    /// Returns an object's address, or the bucket's, in the form for messages.
    func shown(_ key: String?) -> String { key.map(location.shown) ?? "s3://\(location.bucket)" }

    /// The most bytes that are hashed for a request without encryption.
    private static let largestHashed = 8 << 20
    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// The hash of the body that the signature covers. TLS protects the body anyway; without it a hash is worth its
    /// price where the bytes are few and at hand.
    private func payloadHash(_ body: S3Body?) -> String {
        switch body {
        case nil: return S3Client.emptyHash
        case .bytes(let bytes)
        where !configuration.endpoint.isEncrypted && bytes.count <= S3Client.largestHashed:
            return ContentDigest.sha256Hex(bytes) ?? "UNSIGNED-PAYLOAD"
        default: return "UNSIGNED-PAYLOAD"
        }
    }
}
