// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The new files of many refs, durable, before they take their places: a sync for each would take longer than all else.
struct WrittenRefs {
    private let parent: Directory
    private let directory: Directory
    private static let name = "replacements"

    /// Writes the files, in a directory of their own. The caller holds the ref lock, so what is left there is of a crash.
    init(_ moves: [RefEditResult], in parent: Directory) throws(SystemError) {
        self.parent = parent
        try parent.removeTree(Self.name)
        try parent.makeDirectory(Self.name)
        directory = try parent.directory(Self.name)
        do {
            for (index, move) in moves.enumerated() {
                guard let commit = move.new else { continue }
                try directory.createFile("\(index)").writeAll(RefFile.content(commit))
            }
            try directory.descriptor.syncFileSystem()
        } catch {
            discard()
            throw error
        }
    }

    /// Puts the file of the move with an index in its place.
    func rename(_ index: Int, to root: Directory, _ path: String) throws(SystemError) {
        try directory.rename("\(index)", to: root, path)
    }

    /// Removes what did not get a place. A failure leaves files that the next one removes.
    func discard() {
        try? parent.removeTree(Self.name)
    }
}
