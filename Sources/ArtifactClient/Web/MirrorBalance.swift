// SPDX-License-Identifier: Apache-2.0

/// Spreads requests over mirrors by what each of them delivers.
///
/// A request goes to the mirror with the lowest cost: the time that it takes for a unit of work, times the number of
/// requests that it would have then. A mirror that little is known of is tried beside others, with few requests.
struct MirrorBalance {
    private struct Record {
        /// The moving average of the seconds for a unit of work; nil before the first response.
        var unitTime: Double?
        /// The bytes per second of the latest large response; nil before the first one.
        var byteRate: Double?
        var deliveries = 0
        var absences = 0
        var isLeft = false
        /// Indicates that requests had to be moved to others.
        var isStalled = false

        var responses: Int { deliveries + absences }
        var isOnTrial: Bool { !isStalled && responses < MirrorBalance.trial.responses }
    }

    private var records: [Record]
    /// The mirror that is asked for everything that may differ from one to the other.
    private(set) var preferred = 0

    /// A unit of work is a response with up to that many bytes, or as many bytes more.
    private static let unitSize = 65536.0
    /// The weight of the latest response in the average, unless there are fewer.
    private static let weight = 0.2
    /// The number of requests that a mirror has until it has answered a few, and the number of all requests, without which
    /// it would hold up the first ones.
    private static let trial = (requests: 2, responses: 4, beside: 4)
    /// A request is moved to another mirror where that would need a fraction of the time, and not for less than some
    /// seconds.
    private static let stall = (factor: 4.0, seconds: 0.25)

    init(count: Int) {
        records = Array(repeating: Record(), count: count)
    }

    mutating func prefer(_ mirror: Int) { preferred = mirror }

    /// Notes a response.
    mutating func noteDelivery(by mirror: Int, bytes: UInt64, after time: Duration) {
        records[mirror].deliveries += 1
        noteRate(of: mirror, bytes, time)
        note(time / .seconds(1) / MirrorBalance.units(bytes), by: mirror)
    }

    /// Notes that a mirror does not have something.
    mutating func noteAbsence(at mirror: Int, after time: Duration) {
        records[mirror].absences += 1
        note(time / .seconds(1), by: mirror)
    }

    /// Notes that a mirror has delivered few bytes, or none, in some time.
    mutating func noteStall(of mirror: Int, bytes: UInt64 = 0, after time: Duration) {
        records[mirror].isStalled = true
        noteRate(of: mirror, bytes, time)
        records[mirror].unitTime = max(
            records[mirror].unitTime ?? 0, time / .seconds(1) / MirrorBalance.units(bytes))
    }

    private mutating func noteRate(of mirror: Int, _ bytes: UInt64, _ time: Duration) {
        guard Double(bytes) >= MirrorBalance.unitSize, time > .zero else { return }
        records[mirror].byteRate = Double(bytes) / (time / .seconds(1))
    }

    private mutating func note(_ time: Double, by mirror: Int) {
        let average = records[mirror].unitTime ?? time
        let weight = max(MirrorBalance.weight, 1 / Double(records[mirror].responses))
        records[mirror].unitTime = average + weight * (time - average)
    }

    /// Leaves a mirror for the rest of the run.
    ///
    /// - Returns: false if there is no other.
    mutating func leave(_ mirror: Int) -> Bool {
        guard let other = records.indices.first(where: { $0 != mirror && !records[$0].isLeft }) else {
            return false
        }
        records[mirror].isLeft = true
        if preferred == mirror { preferred = other }
        return true
    }

    func isLeft(_ mirror: Int) -> Bool { records[mirror].isLeft }

    /// Returns the mirror for another request; nil if there is none but those to avoid.
    ///
    /// - Parameters:
    ///   - load: the number of requests that each mirror has.
    ///   - avoided: the mirrors that are not asked.
    func choice(_ load: [Int], avoiding avoided: Set<Int> = []) -> Int? {
        let candidates = candidates(avoiding: avoided)
        if load.reduce(0, +) >= MirrorBalance.trial.beside,
            let unknown = candidates.first(where: {
                records[$0].isOnTrial && load[$0] < MirrorBalance.trial.requests
            })
        {
            return unknown
        }
        return candidates.min { rank($0, load) < rank($1, load) }
    }

    /// Returns the mirror that would be quicker to deliver what another one is slow to deliver.
    ///
    /// - Parameters:
    ///   - time: the time that the other one is expected to need.
    ///   - bytes: the number of bytes to be delivered, as far as it is known.
    func replacement(
        for mirror: Int, needing time: Duration, bytes: UInt64 = 0, _ load: [Int], avoiding avoided: Set<Int>
    ) -> Int? {
        let costs = candidates(avoiding: avoided.union([mirror])).map { other in
            // An unknown one is tried after a while.
            let seconds = cost(other, load).map { cost in
                cost + (records[other].byteRate.map { Double(bytes) / $0 } ?? 0)
            }
            return (mirror: other, seconds: seconds ?? MirrorBalance.stall.seconds * Double(load[other] + 1))
        }
        guard let best = costs.min(by: { $0.seconds < $1.seconds }) else { return nil }
        let limit = max(MirrorBalance.stall.seconds, MirrorBalance.stall.factor * best.seconds)
        return time / .seconds(1) > limit ? best.mirror : nil
    }

    private static func units(_ bytes: UInt64) -> Double { 1 + Double(bytes) / unitSize }

    private func candidates(avoiding avoided: Set<Int>) -> [Int] {
        records.indices.filter { !records[$0].isLeft && !avoided.contains($0) }
    }

    /// Known mirrors first, then the preferred one.
    private func rank(_ mirror: Int, _ load: [Int]) -> (Int, Double) {
        if let cost = cost(mirror, load) { return (0, cost) }
        return (mirror == preferred ? 1 : 2, Double(load[mirror]))
    }

    /// The expected seconds for another request; nil for a mirror that nothing is known of.
    private func cost(_ mirror: Int, _ load: [Int]) -> Double? {
        let record = records[mirror]
        // An object that a mirror lacks is asked for once more elsewhere.
        let trips = 1 + Double(record.absences) / Double(1 + record.deliveries)
        return record.unitTime.map { $0 * Double(load[mirror] + 1) * trips }
    }
}
