// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Sends the objects that a receiver requests, which are those that it lacks.
struct ObjectAnswerer {
    let connection: ReceiverConnection
    let encoder: ParallelEncoder
    let offered: OfferedObjects
    let progress: PushProgress
    /// The requested objects that are not being compressed yet; the protocol bounds their number.
    private(set) var wanted: ArraySlice<ObjectName> = []
    private(set) var sentCommits: Set<Checksum> = []

    /// Below this number of waiting objects, further requests are read.
    private static let lowWater = 256

    /// Sends objects until the receiver lacks none.
    ///
    /// - Parameter first: the objects already requested.
    mutating func answer(_ first: [ObjectName], showActivity: (String) -> Void) throws {
        wanted += first
        while true {
            while !encoder.isFull, let name = wanted.popFirst() { try start(name) }
            if let object = try encoder.next() {
                try write(object)
                guard wanted.count < ObjectAnswerer.lowWater else { continue }
            }
            let isIdle = encoder.isEmpty && wanted.isEmpty
            guard let answer = isIdle ? try connection.answer() : try connection.waitingAnswer() else {
                continue
            }
            switch answer {
            case .want([]): return
            case .want(let names): wanted += names
            case .progress(let activity): showActivity(activity)
            default: break
            }
        }
    }

    private mutating func start(_ name: ObjectName) throws {
        guard try offered.contains(name) else {
            throw ClientError(
                .refused,
                "the receiver asks for object \(name), which is no part of what is pushed, so it gets nothing"
            )
        }
        if try offered.isHere(name) { return encoder.submit(name) }
        // Answers go out in the order of the requests.
        while let object = try encoder.next() { try write(object) }
        try connection.say { try $0.object(name, size: nil) }
    }

    private mutating func write(_ object: EncodedObject) throws {
        if object.name.type == .commit { sentCommits.insert(object.name.checksum) }
        try connection.say { try $0.object(object.name, size: object.size) }
        try connection.write(object)
        progress.sent(object.name, bytes: object.size)
    }
}
