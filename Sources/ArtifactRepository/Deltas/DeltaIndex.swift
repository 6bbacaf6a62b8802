// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// The index of the deltas to one commit, `a{sv}`: under `ostree.static-deltas` there is a dictionary from the names of
/// deltas to the checksums of their superblocks.
package struct DeltaIndex {
    /// The checksums of the superblocks.
    package let superblocks: [DeltaName: Checksum]

    /// Reads an index.
    ///
    /// - Returns: nil if the bytes are none. Deltas to other commits are left out.
    package init?(_ bytes: [UInt8], of target: Checksum) {
        guard let index = try? Variant(parsing: bytes, as: "a{sv}") else { return nil }
        var superblocks: [DeltaName: Checksum] = [:]
        if let deltas = index.entry("ostree.static-deltas") {
            for position in 0..<deltas.count {
                let entry = deltas[position]
                guard entry.count == 2, let name = entry[0].string.flatMap({ DeltaName($0) }),
                    name.target == target,
                    let digest = entry[1].unboxed.withBytes({ Checksum(bytes: $0) }) ?? nil
                else { continue }
                superblocks[name] = digest
            }
        }
        self.superblocks = superblocks
    }
}
