// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// A directory that is filled once in a run, when it is first needed, and copied for each test.
public final class DirectoryPattern: Sendable {
    private let isInMemory: Bool
    private let fill: @Sendable (TemporaryDirectory) throws -> Void
    /// The path of the directory.
    private let filled = Mutex<String?>(nil)

    /// The directories of all patterns, to be removed at the end: static variables are never released.
    private static let all = Mutex<[TemporaryDirectory]>([])
    private static let removeAtExit: Void = {
        atexit { DirectoryPattern.all.withLock { $0 = [] } }
    }()

    /// Describes a directory.
    ///
    /// - Parameters:
    ///   - inMemory: Prefers a file system in memory for the original.
    ///   - fill: Fills the directory.
    public init(inMemory: Bool = false, _ fill: @escaping @Sendable (TemporaryDirectory) throws -> Void) {
        isInMemory = inMemory
        self.fill = fill
    }

    /// Copies the contents into another directory, which is made if it does not exist.
    public func copy(to path: String) throws {
        let original = try filled.withLock { filled in
            if let filled { return filled }
            let directory = try TemporaryDirectory(inMemory: isInMemory)
            try fill(directory)
            DirectoryPattern.removeAtExit
            DirectoryPattern.all.withLock { $0.append(directory) }
            filled = directory.path
            return directory.path
        }
        try run(["cp", "-a", "\(original)/.", path]).checked()
    }
}
