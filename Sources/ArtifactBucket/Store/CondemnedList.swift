// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls
import Variants

/// The names of objects that a collection is to remove, in parts of bounded size.
struct CondemnedList {
    let client: S3Client
    let cancellation: Cancellation?

    static let directory = "bst-artifact/condemned/"
    private static let type = "a(say)"
    /// The most names of a part that is written.
    static let partLimit = 50_000
    /// The largest part in bytes.
    private static let maximumSize = 8 << 20

    func key(_ collection: Collection, part: UInt64) -> String {
        let list = collection.list.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
        return client.location.key("\(CondemnedList.directory)\(collection.number)-\(list)-\(part)")
    }

    /// Visits the names in each part.
    ///
    /// - Throws: `RepositoryError` with `missingObject` where a part is gone, as when the collection is over by now.
    func forEachPart(of collection: Collection, _ visit: ([ObjectName]) throws -> Void) throws {
        for part in 0..<collection.parts {
            let get = S3Operation.get(key(collection, part: part), limit: CondemnedList.maximumSize)
            guard let bytes = try client.run(get, cancellation: cancellation).found?.bytes else {
                throw RepositoryError(
                    .busy,
                    "a collection of garbage at \(client.location) has ended while its list was read: try again"
                )
            }
            try visit(CondemnedList.names(bytes))
        }
    }

    private static func names(_ bytes: [UInt8]) throws -> [ObjectName] {
        func damaged() -> RepositoryError { .damaged("a list of condemned objects", "it is malformed") }
        let body: Variant
        do { body = try Variant(parsing: bytes, as: type, order: .little) } catch { throw damaged() }
        return try (0..<body.count).map { index in
            guard let type = body[index][0].string.flatMap(ObjectType.init(rawValue:)),
                let checksum = body[index][1].withBytes({ Checksum(bytes: $0) }) ?? nil
            else { throw damaged() }
            return ObjectName(checksum, type)
        }
    }

    /// Writes a part.
    func put(_ names: [ObjectName], _ collection: Collection, part: UInt64) throws {
        let value = Variant.array(
            of: "(say)", names.map { .tuple([.string($0.type.rawValue), .bytes($0.checksum.bytes)]) })
        let put = S3Operation.put(key(collection, part: part), value.serialized(order: .little))
        _ = try client.run(put, cancellation: cancellation)
    }

    /// Returns those of some objects that a collection has condemned.
    func intersection(_ collection: Collection, with names: Set<ObjectName>) throws -> Set<ObjectName> {
        var found: Set<ObjectName> = []
        try forEachPart(of: collection) { part in
            for name in part where names.contains(name) { found.insert(name) }
        }
        return found
    }
}
