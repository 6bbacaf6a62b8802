// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The objects that a quarantine holds, noted in memory so that their files need not be looked for.
///
/// A peer decides how many there are, so only the first ones are noted, and the bytes of the first directories.
struct HeldObjects {
    private var names: Set<ObjectName> = []
    /// Files without a verdict: they may be there or not.
    private var begun: Set<ObjectName> = []
    /// Objects that neither the quarantine nor the repository had when they were looked for.
    private var absent: Set<ObjectName> = []
    private var directories: [Checksum: [UInt8]] = [:]
    private var directoryBytes = 0
    /// Indicates that there is nothing else in the quarantine.
    private var areAll = true

    /// False where files may be taken elsewhere, so that a good verdict does not mean that they are here.
    private let notesFiles: Bool
    /// The most names of each kind.
    private let limit: Int
    /// The most bytes of directories.
    private static let directoryLimit = 2 * 1024 * 1024
    private static let nameLimit = 16_384

    /// Begins with an empty quarantine.
    init(limit: Int, notesFiles: Bool) {
        (self.limit, self.notesFiles) = (min(limit, HeldObjects.nameLimit), notesFiles)
    }

    /// Returns true if the quarantine holds an object, false if it does not, and nil if its file has to be looked for.
    func has(_ name: ObjectName) -> Bool? {
        if name.type == .file, !notesFiles { return nil }
        if names.contains(name) { return true }
        // Detached metadata comes and goes.
        return areAll && name.type != .commitmeta && !begun.contains(name) ? false : nil
    }

    /// Returns the bytes of a directory, if they are noted.
    func bytes(of name: ObjectName) -> [UInt8]? {
        name.type == .dirtree ? directories[name.checksum] : nil
    }

    /// Notes that a file is on its way.
    mutating func begin(_ name: ObjectName) {
        guard notesFiles else { return }
        guard begun.count < limit else { return areAll = false }
        begun.insert(name)
    }

    /// Notes the verdict on a file.
    mutating func end(_ name: ObjectName, isHeld: Bool) {
        guard notesFiles else { return }
        begun.remove(name)
        if isHeld { insert(name) }
    }

    /// Notes an object.
    mutating func insert(_ name: ObjectName, bytes: [UInt8]? = nil) {
        guard name.type != .commitmeta else { return }
        guard names.count < limit else { return areAll = false }
        names.insert(name)
        guard let bytes, name.type == .dirtree else { return }
        guard directoryBytes + bytes.count <= HeldObjects.directoryLimit else { return }
        directoryBytes += bytes.count
        directories[name.checksum] = bytes
    }

    /// Notes that an object was looked for in vain.
    mutating func noteAbsence(of name: ObjectName) {
        if absent.count < limit { absent.insert(name) }
    }

    /// Returns true once if an object was looked for in vain.
    mutating func takeAbsence(of name: ObjectName) -> Bool { absent.remove(name) != nil }
}
