// SPDX-License-Identifier: Apache-2.0

import S3Samples
import TestSupport
import Testing

@testable import S3

/// The end of a client: its thread would use OpenSSL beside a process that exits.
@Suite struct ClientEndTests {
    private final class Observer: RequestObserver {
        func willSend(_ request: ObservedRequest) -> RequestFault? { nil }
        func didReceive(_ request: ObservedRequest, status: Int) {}
    }

    private weak var observer: Observer?

    @Test mutating func `The thread has ended when the client is gone`() throws {
        let store = try ToyStore()
        for _ in 0..<20 {
            try use(store)
            // The client's thread alone has held it since.
            #expect(observer == nil)
        }
    }

    private mutating func use(_ store: ToyStore) throws {
        let observer = Observer()
        self.observer = observer
        let client = try store.client { $0.observer = observer }
        _ = try client.run(.head("key"))
    }
}
