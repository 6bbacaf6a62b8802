// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls

/// Owners and extended attributes of the files that a checkout writes.
public enum CheckoutOwnership: Sendable {
    /// As the commit has them.
    case restored
    /// As the commit has them where the system lets this process set them, otherwise as `own`.
    case restoredIfPossible
    /// The files belong to the user of this process, without extended attributes and without set-user-ID bits.
    case own
}

extension Repository {
    /// Writes a commit's tree into a new directory, as copies: changing them does not change the repository.
    ///
    /// The tree is written beside `directory`, and moved there when it is whole. A failure leaves nothing.
    ///
    /// - Parameters:
    ///   - commit: the commit.
    ///   - directory: the path of the new directory.
    ///   - ownership: nil for `restoredIfPossible` where root runs this process, otherwise `own`.
    ///   - cancellation: ends the checkout when it is requested.
    /// - Returns: why owners or attributes could not be restored; nil where they were, or were not wanted.
    /// - Throws: `RepositoryError` with `conflict` where there is something at `directory`, with `cancelled` after a
    ///   cancellation, and with `library` where the tree cannot be written.
    @discardableResult
    public func checkOut(
        _ commit: Checksum, to directory: String, ownership: CheckoutOwnership? = nil,
        cancellation: Cancellation? = nil
    ) throws -> String? {
        try CheckoutPlace(directory, commit).fill { place, name in
            func write(_ mode: OstreeRepoCheckoutMode) throws -> GLibFailure? {
                let failure = try checkOut(commit, to: name, in: place, mode, cancellation)
                // What a failed attempt has written is in the way of the next one.
                if failure != nil { try place.removeTree(name) }
                // Of a tree of directories alone, libostree notices nothing.
                guard cancellation?.isRequested != true else {
                    throw RepositoryError(
                        .cancelled,
                        "the checkout of \(commit) to \(directory) was interrupted, and nothing of it is left"
                    )
                }
                return failure
            }
            let ownership = ownership ?? (geteuid() == 0 ? .restoredIfPossible : .own)
            let first = try write(
                ownership == .own ? OSTREE_REPO_CHECKOUT_MODE_USER : OSTREE_REPO_CHECKOUT_MODE_NONE)
            guard let first else { return nil }
            if ownership == .restoredIfPossible, first.isOfOwnership,
                try write(OSTREE_REPO_CHECKOUT_MODE_USER) == nil
            {
                return first.message
            }
            throw RepositoryError(.library, "cannot check out \(commit) to \(directory): \(first.message)")
        }
    }

    private func checkOut(
        _ commit: Checksum, to name: String, in place: Directory, _ mode: OstreeRepoCheckoutMode,
        _ cancellation: Cancellation?
    ) throws -> GLibFailure? {
        var options = OstreeRepoCheckoutAtOptions()
        options.mode = mode
        options.force_copy = 1
        let opened = try openedByLibrary()
        let running = try GLibCancellation(cancellation, opened.library)
        defer { running.end() }
        do {
            _ = try catchingGError {
                opened.library.ostree_repo_checkout_at(
                    opened.handle, &options, place.descriptor.number, name, commit.hex, running.cancellable,
                    $0)
            }
            return nil
        } catch {
            return error
        }
    }
}

extension GLibFailure {
    /// May come from setting an owner, a mode or an attribute: refused, not known here, or for a user who has no number
    /// in this namespace.
    fileprivate var isOfOwnership: Bool {
        [G_IO_ERROR_PERMISSION_DENIED, G_IO_ERROR_NOT_SUPPORTED, G_IO_ERROR_INVALID_ARGUMENT].contains(kind)
    }
}

/// The directory that a checkout makes, and the one beside it in which that is written.
private struct CheckoutPlace {
    private let directory: String
    private let parent: Directory
    private let name: String
    private let action: String

    init(_ directory: String, _ commit: Checksum) throws {
        self.directory = directory
        action = "check out \(commit) to \(directory)"
        let bytes = Array(directory.utf8)
        let end = bytes.lastIndex { $0 != UInt8(ascii: "/") }.map { $0 + 1 } ?? 0
        let start = bytes[..<end].lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        name = String(decoding: bytes[start..<end], as: UTF8.self)
        let above = String(decoding: bytes[..<start], as: UTF8.self)
        do {
            parent = try Directory(above.isEmpty ? "." : above)
        } catch {
            throw RepositoryError(
                error.isNotFound ? .notARepository : .library,
                "cannot \(action): \(above) cannot be opened (\(error.reason)), so make it, or name another directory"
            )
        }
        guard !["", ".", ".."].contains(name), try parent.status(of: name) == nil else { throw isTaken }
    }

    private var isTaken: RepositoryError {
        RepositoryError(
            .conflict,
            "cannot \(action): there is something of that name, so name a directory that does not exist yet")
    }

    /// Has `write` make the directory under another name, and moves it to its place.
    func fill<T>(_ write: (Directory, String) throws -> T) throws -> T {
        let temporary = ".bst-artifact-checkout-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        do {
            let result = try write(parent, temporary)
            guard try parent.renameUnlessPresent(temporary, to: parent, name) else { throw isTaken }
            return result
        } catch {
            try? parent.removeTree(temporary)
            throw error
        }
    }
}

/// A `GCancellable` that is cancelled when a `Cancellation` is requested, for a function of libostree that takes long.
private final class GLibCancellation: @unchecked Sendable {
    // A GCancellable may be cancelled from any thread.
    let cancellable: UnsafeMutablePointer<GCancellable>?
    private let ended: Cancellation
    private let watcher: Thread?
    private let library: costree_functions

    /// Begins to watch; nil is never requested.
    init(_ cancellation: Cancellation?, _ library: costree_functions) throws {
        let cancellable = library.g_cancellable_new()
        self.library = library
        let ended = try Cancellation()
        (self.cancellable, self.ended) = (cancellable, ended)
        nonisolated(unsafe) let shared = cancellable
        let cancel = library.g_cancellable_cancel
        watcher = try cancellation.map { cancellation in
            try Thread {
                _ = try? Descriptor(ended.descriptor, owned: false).waitForInput(
                    cancellation: cancellation)
                if cancellation.isRequested { cancel?(shared) }
            }
        }
    }

    deinit {
        end()
        if let cancellable { library.g_object_unref(UnsafeMutableRawPointer(cancellable)) }
    }

    /// Stops watching; to be called when the function has returned.
    func end() {
        ended.request()
        watcher?.join()
    }
}
