// SPDX-License-Identifier: Apache-2.0

/// The number of requests that were sent, by kind. Repeated ones count each time, since they are paid for each time.
package struct RequestCounts: Equatable, Sendable {
    private var counts: [RequestKind: Int] = [:]

    /// No requests.
    package init() {}

    /// The number of requests of one kind.
    package subscript(kind: RequestKind) -> Int { counts[kind] ?? 0 }

    /// The number of all requests.
    package var total: Int { counts.values.reduce(0, +) }

    /// Adds a request.
    mutating func add(_ kind: RequestKind) { counts[kind, default: 0] += 1 }

    /// Returns the requests that came after `earlier`.
    package static func - (counts: RequestCounts, earlier: RequestCounts) -> RequestCounts {
        var result = RequestCounts()
        for kind in RequestKind.allCases where counts[kind] != earlier[kind] {
            result.counts[kind] = counts[kind] - earlier[kind]
        }
        return result
    }
}

extension RequestCounts: CustomStringConvertible {
    /// The kinds with their numbers, such as `2 get, 1 put`.
    package var description: String {
        RequestKind.allCases.filter { self[$0] > 0 }.map { "\(self[$0]) \($0.rawValue)" }.joined(
            separator: ", ")
    }
}
