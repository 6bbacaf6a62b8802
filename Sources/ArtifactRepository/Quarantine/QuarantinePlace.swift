// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Where in a quarantine the objects of one type go, and where those are written that come in pieces.
struct QuarantinePlace: Sendable {
    let directory: Directory
    let incoming: Directory
    /// The permissions that the repository wants its files to have.
    let fileMode: mode_t

    /// Writes an object that was found right.
    ///
    /// It has its name from the beginning, which saves a renaming for each object, but cannot be read before it is complete:
    /// so is known what a process has left that died in between (`isComplete`). Attributes need the permission to write.
    ///
    /// - Throws: `RepositoryError` with `badObject` where it is there already.
    func keep(
        _ name: ObjectName, _ bytes: UnsafeRawBufferPointer, mode: mode_t, ostreeMetadata: [UInt8]? = nil
    ) throws {
        let entry = name.checksum.hex
        do {
            let file = try directory.createFile(entry, mode: S_IWUSR)
            do {
                try file.writeAll(bytes)
                if let ostreeMetadata { try file.setAttribute("user.ostreemeta", to: ostreeMetadata) }
                try file.setMode(mode)
            } catch {
                try? directory.remove(entry)
                throw error
            }
        } catch let error as SystemError where error.code == EEXIST {
            throw RepositoryError.sentTwice(name)
        }
    }

    /// Makes a symbolic link that stands for an object.
    func keepLink(_ name: ObjectName, target: String) throws {
        do {
            try directory.makeLink(name.checksum.hex, target: target)
        } catch {
            throw error.code == EEXIST ? RepositoryError.sentTwice(name) : error
        }
    }

    /// Whether a file in `directory` was written to its end.
    static func isComplete(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFLNK || status.st_mode & S_IRUSR != 0
    }
}

/// A file in quarantine that gets its name once it was found right, and goes if it never was.
final class QuarantinedFile {
    let descriptor: Descriptor
    private let place: QuarantinePlace
    private let temporaryName: String
    private var isKept = false

    init(in place: QuarantinePlace, named temporaryName: String) throws {
        self.place = place
        self.temporaryName = temporaryName
        descriptor = try place.incoming.createFile(temporaryName)
    }

    deinit {
        if !isKept { try? place.incoming.remove(temporaryName) }
    }

    func keep(_ name: ObjectName) throws {
        guard try place.incoming.renameUnlessPresent(temporaryName, to: place.directory, name.checksum.hex)
        else { throw RepositoryError.sentTwice(name) }
        isKept = true
    }
}

extension RepositoryError {
    fileprivate static func sentTwice(_ name: ObjectName) -> RepositoryError {
        .badObject(name, "it was sent twice")
    }
}
