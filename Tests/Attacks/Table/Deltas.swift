// SPDX-License-Identifier: Apache-2.0

import WireSamples

extension Attack {
    static let deltas: [Attack] = HostileDelta.all.map { delta in
        Attack("one that \(delta.name)", .deltas, refused(delta.reason), play: .delta(delta))
    }
}
