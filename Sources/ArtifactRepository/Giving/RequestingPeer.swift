// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The other side of a transfer, which requests objects, as `ObjectAnswerer` sees it.
package protocol RequestingPeer {
    /// True if the peer takes objects that it has not requested.
    var takesAhead: Bool { get }
    /// Returns requests; an empty list if no more will come, nil if none has arrived.
    ///
    /// - Parameter waiting: true to wait until some arrive.
    func requests(waiting: Bool) throws -> [WantedObject]?
    /// Sends an answer to the request that is due. The object's bytes, if there are any, follow by `write`.
    func send(_ answer: ObjectAnswer) throws
    /// Sends the same for an object that was not requested.
    func sendAhead(_ answer: ObjectAnswer) throws
    /// Sends the bytes of an object, from one on.
    func write(_ object: EncodedObject, from offset: UInt64) throws
    /// Answers a request for an object that was not offered; nil if it is offered by now.
    func answer(toUnoffered name: ObjectName) throws -> ObjectAnswer.Content?
}
