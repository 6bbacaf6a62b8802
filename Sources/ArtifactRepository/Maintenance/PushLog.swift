// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A log entry about one push.
public struct PushRecord: Sendable, Equatable {
    /// The time of completion, in seconds since 1970.
    public var time: Int
    /// The person or program that pushed.
    public var pusher = Pusher()
    /// The refs that moved.
    public var refs: [RefEditResult]
    /// The number of received objects, without those that the cache had.
    public var objects: Int
    /// The size in bytes of the received objects, in the form in which they travel.
    public var bytes: UInt64

    /// The origin of a push; unknown properties are empty.
    public struct Pusher: Sendable, Equatable {
        /// The fingerprint of the ssh key: `SHA256:…`, as ssh-keygen prints it.
        public var key = ""
        /// The administrator's name for the key.
        public var name = ""
        /// The address of the client.
        public var address = ""

        /// Creates an unknown pusher.
        public init() {}
    }

    /// Creates a record of a push that ends now.
    public init(refs: [RefEditResult], objects: Int, bytes: UInt64) {
        (self.refs, self.objects, self.bytes) = (refs, objects, bytes)
        time = Glibc.time(nil)
    }
}

/// The log of pushes, for the administrator of a cache.
///
/// Format of `state/bst-artifact-log`: one line per push, with fields separated by tabs: seconds since 1970, key, name,
/// address, objects, bytes, then ref, old and new commit (64 zeros for none) of each ref. A file that exceeds the
/// maximum size is renamed to `bst-artifact-log.1`, which replaces the previous one.
private enum PushLog {
    static let path = "state/bst-artifact-log"
    static let olderPath = "state/bst-artifact-log.1"
    static let maximumSize = 16 * 1024 * 1024
    /// The maximum number of refs per line; a push of more is split.
    static let refsPerLine = 1000

    static func lines(_ record: PushRecord) -> String {
        let pusher = record.pusher
        let head =
            ["\(record.time)"] + [pusher.key, pusher.name, pusher.address].map(field)
            + ["\(record.objects)", "\(record.bytes)"]
        return stride(from: 0, to: record.refs.count, by: refsPerLine).map { start in
            let refs = record.refs[start...].prefix(refsPerLine).flatMap {
                [$0.ref.text, Checksum.hexOrZeros($0.old), Checksum.hexOrZeros($0.new)]
            }
            return (head + refs).joined(separator: "\t") + "\n"
        }.joined()
    }

    /// Replaces control characters and line breaks by spaces, and limits the length.
    private static func field(_ text: String) -> String {
        String(text.prefix(200).map { $0.isASCII && ($0.asciiValue ?? 0) < 32 || $0.isNewline ? " " : $0 })
    }

    static func record(_ line: Substring) -> PushRecord? {
        let fields = line.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard fields.count >= 9, fields.count % 3 == 0, let time = Int(fields[0]),
            let objects = Int(fields[4]),
            let bytes = UInt64(fields[5])
        else { return nil }
        var record = PushRecord(refs: [], objects: objects, bytes: bytes)
        record.time = time
        (record.pusher.key, record.pusher.name, record.pusher.address) = (fields[1], fields[2], fields[3])
        for start in stride(from: 6, to: fields.count, by: 3) {
            guard let ref = RefName(fields[start]) else { return nil }
            let (old, new) = (Checksum(hex: fields[start + 1]), Checksum(hex: fields[start + 2]))
            record.refs.append(RefEditResult(ref, .moved, from: old?.unlessZeros, to: new?.unlessZeros))
        }
        return record
    }
}

extension Repository {
    /// Appends a push to the repository's log.
    ///
    /// - Throws: `SystemError` if the log cannot be written.
    public func log(_ record: PushRecord) throws {
        _ = try standardDirectory("state")
        if try root.status(of: PushLog.path)?.st_size ?? 0 > PushLog.maximumSize {
            try root.rename(PushLog.path, to: root, PushLog.olderPath)
        }
        // A single append, so that concurrent receivers do not mix their lines.
        try root.append(Array(PushLog.lines(record).utf8), to: PushLog.path)
    }

    /// Visits the pushes in the log, the oldest first. Skips malformed lines.
    public func loggedPushes(_ visit: (PushRecord) throws -> Void) throws {
        for path in [PushLog.olderPath, PushLog.path] {
            guard let file = try root.fileIfPresent(path) else { continue }
            let text = String(decoding: try file.readAll(limit: 4 * PushLog.maximumSize), as: UTF8.self)
            for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
                if let record = PushLog.record(Substring(line)) { try visit(record) }
            }
        }
    }
}
