// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

extension Quarantine {
    /// Opens an object that is here, received or left by an interrupted predecessor, in the form in which the store keeps it; nil
    /// if it is not here.
    package func openReceived(_ name: ObjectName) throws -> Descriptor? {
        guard let local = self as? LocalQuarantine else { return nil }
        let place = local.place(name.type)
        if let file = try place.fileIfPresent(name.checksum.hex) { return file }
        return try local.takeFromSalvage(name) ? place.fileIfPresent(name.checksum.hex) : nil
    }
}
