// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The names of files that were handed to a taker, in a file of the quarantine, from which a successor learns of them.
final class TakenFiles: Sendable {
    private let directory: Directory
    private let state: Monitor<State>
    /// The files that predecessors have handed over.
    let before: Set<Checksum>

    private struct State {
        /// The number of names in the file.
        var written: Int
        /// Names that are not there yet.
        var waiting: [UInt8] = []
    }

    private static let name = "taken"
    /// The number of names that are written together.
    private static let batch = 64
    /// The most names that are kept. Files that come later are sent again after an interruption.
    private static let limit = 1 << 18

    /// Reads what a predecessor has left in the directory of a quarantine.
    init(in directory: Directory) throws {
        self.directory = directory
        let size = Checksum.byteCount
        let file = try directory.fileIfPresent(TakenFiles.name)
        let bytes = try file?.readAll(limit: TakenFiles.limit * size) ?? []
        // A name that is cut would shift those that are appended to the file.
        if bytes.count % size != 0 { try directory.remove(TakenFiles.name) }
        before = bytes.withUnsafeBytes { bytes in
            Set(
                stride(from: 0, through: bytes.count - size, by: size).compactMap { start in
                    Checksum(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<start + size]))
                })
        }
        state = Monitor(State(written: bytes.count % size == 0 ? bytes.count / size : 0))
    }

    /// Returns a taker that does the same, and notes what was taken.
    func noting(_ taker: @escaping VerifiedFileTaker) -> VerifiedFileTaker {
        { name, bytes in
            guard taker(name, bytes) else { return false }
            self.note(name.checksum)
            return true
        }
    }

    /// Notes a file, on any thread. What cannot be written is only missed by a successor.
    private func note(_ name: Checksum) {
        state.withLock { state in
            state.waiting += name.bytes
            if state.waiting.count >= TakenFiles.batch * Checksum.byteCount { write(&state) }
        }
    }

    /// Writes what waits.
    ///
    /// - Returns: true if there are any names.
    @discardableResult
    func flush() -> Bool {
        state.withLock { state in
            write(&state)
            return state.written > 0
        }
    }

    private func write(_ state: inout State) {
        let count = state.waiting.count / Checksum.byteCount
        defer { state.waiting = [] }
        guard count > 0, state.written + count <= TakenFiles.limit,
            (try? directory.append(state.waiting, to: TakenFiles.name)) != nil
        else { return }
        state.written += count
    }
}
