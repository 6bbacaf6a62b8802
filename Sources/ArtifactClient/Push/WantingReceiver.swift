// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A receiver that requests what it lacks of a push.
struct WantingReceiver: RequestingPeer {
    let connection: ReceiverConnection<PushStateMachine>
    let showActivity: (String) -> Void

    var takesAhead: Bool { connection.session.capabilities.contains(.ahead) }

    func requests(waiting: Bool) throws -> [WantedObject]? {
        while let answer = waiting ? try connection.answer() : try connection.waitingAnswer() {
            switch answer {
            case .want(let wanted): return wanted
            case .progress(let activity): showActivity(activity)
            default: break
            }
        }
        return nil
    }

    func send(_ answer: ObjectAnswer) throws { try connection.say { try $0.object(answer) } }
    func sendAhead(_ answer: ObjectAnswer) throws { try connection.say { try $0.ahead(answer) } }
    func write(_ object: EncodedObject, from offset: UInt64) throws {
        try connection.write(object, from: offset)
    }

    func answer(toUnoffered name: ObjectName) throws -> ObjectAnswer.Content? {
        throw ClientError(
            .refused,
            "the receiver asks for object \(name), which is no part of what is pushed, so it gets nothing")
    }
}
