// SPDX-License-Identifier: Apache-2.0

extension GarbageCollector {
    /// The times that it waits for.
    package struct Times: Sendable {
        /// Objects that are younger than this stay.
        package var age: Duration = .seconds(86_400)
        /// The time between the phases `condemned` and `sweeping`, for the comfort of pushes and pulls under way.
        package var grace: Duration = .seconds(3600)
        /// The time in which requests of another sweeper, or lost ones, may still arrive.
        package var takeover: Duration = .seconds(1800)
        /// The longest time for which a reading of the log allows to remove.
        package var renewal: Duration = .seconds(600)
        /// The age from which on old entries and nodes go.
        package var recordAge: Duration = .seconds(604_800)

        /// The usual times.
        package init() {}
    }

    /// Counts of objects and records.
    package struct Report: Sendable, Equatable {
        /// The number of objects that were listed.
        package var objects = 0
        /// Their size in bytes.
        package var bytes: UInt64 = 0
        /// The number of objects that were condemned now.
        package var condemned = 0
        /// The number of commits among them.
        package var condemnedCommits = 0
        /// The size of what was found to be garbage now, in bytes.
        package var garbageBytes: UInt64 = 0
        /// The number of objects that were removed.
        package var removed = 0
        /// The number of old entries and nodes that were removed.
        package var removedRecords = 0
    }
}
