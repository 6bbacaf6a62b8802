// SPDX-License-Identifier: Apache-2.0

/// Options for writing a summary.
public struct SummaryOptions: Sendable {
    /// The keys that sign it.
    public var signers: [Signer] = []
    /// Reads every ref, even if it is known to be unchanged.
    public var isComplete = false
    /// The maximum wait for libostree's repository lock.
    public var timeout = Duration.seconds(30)
    /// The program that makes the metadata of flatpak repositories.
    public var flatpak = FlatpakProgram.find()

    /// Creates options without signers and with a timeout of 30 seconds.
    public init() {}
}
