// SPDX-License-Identifier: Apache-2.0

import WireSamples

extension Attack {
    static let truncations: [Attack] = table {
        for version in Version.both {
            for (place, whole) in cuts(version) {
                bytes(
                    version.named("after \(place) of \(whole.count) bytes"), .truncation, .interruption,
                    version: version.number
                ) { Array(whole.prefix(place)) }
            }
        }
    }

    /// The places at which a push is cut off.
    private static func cuts(_ version: Version) -> [(place: Int, whole: [UInt8])] {
        let whole = version.push(Pushed.members)
        let end = whole.count
        let info = version.number == 1 ? Frame.info().count : 0
        let update = info + Frame.update(Pushed.updates).count
        var places: Set<Int> = [0, 1, 2, 4, 5, 6, update - 1, update, update + 1, end - 1, end - 4, end - 5]
        if version.number == 1 { places.formUnion([info - 1, info, end - 6, end - 517, end - 1029]) }
        for part in 1..<16 { places.insert(update + (end - update) * part / 16) }
        return places.sorted().map { ($0, whole) }
    }
}
