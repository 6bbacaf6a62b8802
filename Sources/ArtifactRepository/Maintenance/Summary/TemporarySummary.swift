// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// A new summary and its signature, in `tmp` until both are complete.
///
/// Both are renamed then, one after the other, so the old signature is in place for some microseconds, and never none.
struct TemporarySummary {
    static let name = "summary-new"
    private static let signatureName = "summary-new.sig"

    /// The repository's directory `tmp`.
    let directory: Directory
    private let root: Directory
    private let signers: [Signer]

    /// Removes what an earlier update has left.
    init(in repository: Repository, signers: [Signer]) throws {
        directory = try repository.standardDirectory("tmp")
        root = repository.root
        self.signers = signers
        for name in [Self.name, Self.signatureName] { try directory.remove(name) }
    }

    /// Writes the signature of the new summary, if there are signers.
    func sign() throws {
        guard !signers.isEmpty else { return }
        try writeSignature(of: directory.openFile(Self.name))
    }

    /// Renames both into the repository.
    func publish() throws {
        try directory.rename(Self.name, to: root, "summary")
        if !signers.isEmpty { try directory.rename(Self.signatureName, to: root, "summary.sig") }
    }

    /// Signs a file that is in the repository's root already.
    func sign(published name: String) throws {
        try writeSignature(of: root.openFile(name))
        try directory.rename(Self.signatureName, to: root, "\(name).sig")
    }

    /// Removes what was not published.
    func remove() {
        for name in [Self.name, Self.signatureName] { try? directory.remove(name) }
    }

    private func writeSignature(of file: Descriptor) throws {
        let signature = try directory.createFile(Self.signatureName)
        try signature.writeAll(Signer.signatures(of: file.readAll(limit: 1 << 30), by: signers))
        try signature.sync()
    }
}
