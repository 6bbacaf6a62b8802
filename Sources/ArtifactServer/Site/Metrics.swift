// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// The server's counters, and their exposition in Prometheus' text format.
final class Metrics: Sendable {
    private struct Key: Hashable {
        var method: String
        var status: UInt32
    }

    private struct State {
        var requests: [Key: Int] = [:]
        var bytes: UInt64 = 0
        var inFlight = 0
        var connections: @Sendable () -> UInt32 = { 0 }
    }

    private let repository: Repository
    private let state = Monitor(State())
    private let start = time(nil)

    init(_ repository: Repository) {
        self.repository = repository
    }

    /// Sets the source of the number of open connections.
    func setConnections(_ count: @escaping @Sendable () -> UInt32) {
        state.withLock { $0.connections = count }
    }

    /// Counts a request that begins.
    func begin() {
        state.withLock { $0.inFlight += 1 }
    }

    /// Counts a request that has ended.
    ///
    /// - Parameter bytes: bytes of its body that were sent, 0 if it was broken off.
    func end(method: String, status: UInt32, bytes: UInt64) {
        // Methods that clients invent must not become labels.
        let method = ["GET", "HEAD"].contains(method) ? method.lowercased() : "other"
        state.change { state in
            state.inFlight -= 1
            state.bytes += bytes
            state.requests[Key(method: method, status: status / 100), default: 0] += 1
        }
    }

    /// Waits until no request is under way.
    ///
    /// - Returns: the number of those that are after a timeout.
    func waitForQuiet(atMost timeout: Duration) -> Int {
        _ = state.wait(atMost: timeout) { $0.inFlight == 0 }
        return state.withLock { $0.inFlight }
    }

    /// Renders all metrics.
    func text(_ catalogue: Catalogue.Snapshot, accesses: AccessCollector) -> String {
        let (requests, bytes, inFlight, connections) = state.withLock {
            ($0.requests, $0.bytes, $0.inFlight, $0.connections)
        }
        var text = Exposition()
        text.describe("http_requests_total", "counter", "Requests that ended.")
        let order = requests.sorted { ($0.key.method, $0.key.status) < ($1.key.method, $1.key.status) }
        for (key, count) in order {
            let status = key.status == 0 ? "none" : "\(key.status)xx"
            text.add("http_requests_total", "{method=\"\(key.method)\",status=\"\(status)\"}", "\(count)")
        }
        text.value(
            "http_body_bytes_total", "counter",
            "Bytes of response bodies that were sent completely.", bytes)
        text.value("http_requests_in_flight", "gauge", "Requests under way.", inFlight)
        text.value("http_connections", "gauge", "Open connections.", connections())
        text.value("uses_noted_total", "counter", "Pulls recorded for expiry.", accesses.recordedCount)
        text.value("refs", "gauge", "Refs of the repository.", catalogue.count)
        if let bytes = repository.rememberedAllocation {
            text.value(
                "objects_disk_bytes", "gauge",
                "Disk space of the objects; missing until the receiver or expiry has counted it.", bytes)
        }
        if let bytes = try? repository.freeBytes(), bytes != .max {
            text.value(
                "file_system_free_bytes", "gauge", "Free space of the repository's file system.", bytes)
        }
        if let status = try? Directory.status(at: "\(repository.path)/summary", followingLinks: true) {
            text.value(
                "summary_modified_timestamp_seconds", "gauge", "When the summary was written.",
                status.st_mtim.tv_sec)
            text.value(
                "summary_age_seconds", "gauge", "Age of the summary.",
                max(0, time(nil) - status.st_mtim.tv_sec))
        }
        text.text += """
            # HELP process_start_time_seconds When the server was started.
            # TYPE process_start_time_seconds gauge
            process_start_time_seconds \(start)

            """
        return text.text
    }
}

/// A document in Prometheus' text format, version 0.0.4.
private struct Exposition {
    var text = ""

    mutating func describe(_ name: String, _ type: String, _ help: String) {
        text += "# HELP bst_artifact_\(name) \(help)\n# TYPE bst_artifact_\(name) \(type)\n"
    }

    mutating func add(_ name: String, _ labels: String, _ value: String) {
        text += "bst_artifact_\(name)\(labels) \(value)\n"
    }

    mutating func value(_ name: String, _ type: String, _ help: String, _ value: some BinaryInteger) {
        describe(name, type, help)
        add(name, "", "\(value)")
    }
}
