// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The objects in quarantine that a publication needs.
///
/// The first ones are noted in memory. A peer decides how many there are, so further ones are noted in the file system: they
/// get a time of this publication.
struct RequiredObjects {
    private var names: Set<ObjectName> = []
    /// The time that further ones get, which no other file has.
    private let stamp: timespec
    /// The number of all of them.
    private(set) var count = 0

    /// The most that are noted in memory.
    private let memoryLimit: Int

    init(in quarantine: LocalQuarantine) throws {
        memoryLimit = quarantine.repository.rememberedObjects
        // A quarantine lives for a day, so nothing in it is as old. The stamp is read back, since some file systems keep
        // whole seconds only.
        let stamp = timespec(
            tv_sec: time(nil) - .random(in: 172_800..<2_592_000), tv_nsec: .random(in: 0..<1_000_000_000))
        try quarantine.root.setModificationTime("incoming", stamp)
        self.stamp = try quarantine.root.status(of: "incoming")?.st_mtim ?? stamp
    }

    /// Returns true if an object is noted in memory.
    func remembers(_ name: ObjectName) -> Bool { names.contains(name) }

    /// Indicates that all of them are noted in memory.
    var areRemembered: Bool { names.count == count }

    /// Calls a closure with all of a place, in parts.
    ///
    /// - Parameter place: the place of a type in quarantine. The closure may move the objects away.
    func forEachPart(in place: QuarantinePlace, _ body: ([Checksum]) throws -> Void) throws {
        var part: [Checksum] = []
        if areRemembered {
            part = names.lazy.filter { $0.type == place.type }.map(\.checksum)
        } else {
            try place.forEachFile { path, checksum in
                guard let checksum, let status = try place.directory.status(of: path),
                    contains(ObjectName(checksum, place.type), status)
                else { return }
                part.append(checksum)
                guard part.count == memoryLimit else { return }
                try body(part)
                part.removeAll(keepingCapacity: true)
            }
        }
        if !part.isEmpty { try body(part) }
    }

    /// Returns true if an object was inserted.
    ///
    /// - Parameter status: that of its file in quarantine.
    func contains(_ name: ObjectName, _ status: stat) -> Bool {
        names.contains(name)
            || status.st_mtim.tv_sec == stamp.tv_sec && status.st_mtim.tv_nsec == stamp.tv_nsec
    }

    /// Notes an object that was not noted before.
    ///
    /// - Parameter place: the place of its type in quarantine.
    mutating func insert(_ name: ObjectName, in place: QuarantinePlace) throws {
        count += 1
        guard names.count == memoryLimit else {
            names.insert(name)
            return
        }
        try place.directory.setModificationTime(place.path(of: name.checksum), stamp)
    }
}
