// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The settings for a connection to a receiver.
public struct ConnectionOptions: Sendable {
    /// The settings for starting receivers.
    public var receiver = ReceiverCommand.Options()
    /// The longest time in which a receiver may neither send nor accept anything.
    public var timeout: Duration = .seconds(600)
    /// Receives the standard error of ssh and the receiver, with unprintable characters escaped, on another thread.
    public var showMessage: @Sendable (UnsafeRawBufferPointer) -> Void = { bytes in
        try? Descriptor.standardError.writeAll(bytes)
    }
    /// The capabilities that a pull announces.
    public var capabilities = Capability.ofPullingClients
    /// Ends the work when it is requested.
    public var cancellation: Cancellation?

    /// The settings that suit any receiver.
    public init() {}
}
