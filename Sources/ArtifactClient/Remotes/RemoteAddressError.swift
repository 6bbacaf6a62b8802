// SPDX-License-Identifier: Apache-2.0

/// A remote that cannot be used as it is written, found before anything was started or connected.
public struct RemoteAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The remote as it was written, without credentials and with control characters escaped.
    public let remote: String
    /// What is wrong with it; continues "cannot use this remote: …".
    public let cause: String
    /// What to write instead.
    public let remedy: String

    /// One sentence for a person.
    public var description: String {
        "cannot use the remote '\(remote)': \(cause); \(remedy)"
    }

    init(remote: String, fault: AddressFault) {
        self.remote = remote
        cause = fault.cause
        remedy = fault.remedy
    }
}

/// What is wrong with one part of an address, before it is known which address that is.
struct AddressFault: Error {
    let cause: String
    let remedy: String

    init(_ cause: String, remedy: String) {
        self.cause = cause
        self.remedy = remedy
    }
}
