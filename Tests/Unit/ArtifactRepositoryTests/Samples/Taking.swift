// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
@_exported import TestSupport
@_exported import WireSamples

extension Quarantine {
    /// Takes an object in pieces.
    ///
    /// - Returns: true if the store wanted it.
    @discardableResult
    func take(_ object: SampleObject, size: UInt64? = nil, pieces: Int = .max) throws -> Bool {
        guard let incoming = try receive(object.name, size: size ?? UInt64(object.bytes.count)) else {
            return false
        }
        var rest = object.bytes[...]
        while !rest.isEmpty {
            try rest.prefix(pieces).withUnsafeBytes { try incoming.write($0) }
            rest = rest.dropFirst(pieces)
        }
        try incoming.finish()
        try settle()
        return true
    }
}

extension Repository {
    /// Receives objects and moves refs, as one push does.
    @discardableResult
    func push(
        _ objects: [SampleObject], _ edits: RefEdit..., moves: RefMovePolicy = .forward
    ) throws -> [RefEditResult] {
        let quarantine = try makeQuarantine(.transient)
        defer { quarantine.discard() }
        for object in objects { try quarantine.take(object) }
        return try quarantine.publish(edits, moves: moves, merging: .keepsStored)
    }
}

extension RefName {
    /// A name that is known to be right.
    static func named(_ text: String) -> RefName { RefName(text)! }
}
