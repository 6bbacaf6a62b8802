// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The errors of work done on several threads.
final class ErrorList: Sendable {
    private let errors = Mutex<[any Error]>([])

    var all: [any Error] { errors.withLock { $0 } }

    func keep(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            errors.withLock { $0.append(error) }
        }
    }
}
