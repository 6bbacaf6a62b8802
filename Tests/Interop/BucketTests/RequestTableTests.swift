// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport
import Testing

/// The tables of requests in docs/bucket.md and docs/scale.md.
@Suite struct RequestTableTests {
    private let store: ToyStore
    private let stage: BucketStage

    init() throws {
        store = try ToyStore()
        stage = try BucketStage(cacheIn: store)
    }

    /// Requests of the two kinds that stores have prices for, and those for objects.
    private struct Bill: Equatable, CustomStringConvertible {
        /// Puts and lists.
        var writes = 0
        /// Gets and heads.
        var reads = 0
        var lines: [String] = []

        var description: String { "\(writes) writes, \(reads) reads:\n\(lines.joined(separator: "\n"))" }

        /// Returns true if there are no more than these.
        func isWithin(writes: Int, reads: Int) -> Bool { self.writes <= writes && self.reads <= reads }
    }

    private func bill(_ body: () throws -> Void) rethrows -> Bill {
        let before = store.server.requests.count
        try body()
        var bill = Bill()
        for request in store.server.requests[before...] {
            let isList = request.method == "GET" && request.target.contains("list-type=2")
            if isList || request.method == "PUT" { bill.writes += 1 } else { bill.reads += 1 }
            bill.lines.append("\(request.method) \(request.target)")
        }
        return bill
    }

    /// Two hundred files in twenty directories, which are 223 objects: with the root, a dirmeta and the commit.
    private func files() -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (0..<200).map { ("directory-\($0 % 20)/file-\($0)", "\($0)\n") })
    }

    @Test func `Jobs take no more requests than the tables say`() throws {
        var files = files()
        let first = try stage.commit("hello/base/1", files)
        let whole = try bill { try stage.push(["hello/base/1"]).checked() }
        #expect(whole.isWithin(writes: 223 + 10, reads: 30), "\(whole)")
        let again = try bill { try stage.push(["hello/base/1"]).checked() }
        #expect(again.isWithin(writes: 3, reads: 3), "\(again)")
        files["directory-7/file-7"] = "changed\n"
        _ = try stage.commit("hello/base/1", files, parent: first)
        let change = try bill { try stage.push(["hello/base/1"]).checked() }
        #expect(change.isWithin(writes: 4 + 7, reads: 15), "\(change)")
        let pull = try bill { try stage.pull(["hello/base/1"]).checked() }
        #expect(pull.isWithin(writes: 0, reads: 223 + 4), "\(pull)")
        let list = try bill { try stage.artifact(["list", "--remote", stage.address]).checked() }
        #expect(list.isWithin(writes: 0, reads: 2), "\(list)")
        let delete = try bill {
            try stage.artifact(["delete", "--remote", stage.address, "hello/base/1"]).checked()
        }
        #expect(delete.isWithin(writes: 7, reads: 8), "\(delete)")
    }
}
