// SPDX-License-Identifier: Apache-2.0

import COSTree

/// A failure that a function of libostree or GLib reports through a `GError`.
struct GLibFailure: Error {
    /// The library's words.
    let message: String
    /// The kind of failure, where it is one of input or output.
    let kind: GIOErrorEnum?
}

/// Calls a function of libostree that reports failure through a `GError`.
func catchingGError<T>(
    _ call: (UnsafeMutablePointer<UnsafeMutablePointer<GError>?>) -> T
) throws(GLibFailure) -> T {
    var error: UnsafeMutablePointer<GError>?
    let result = call(&error)
    guard let error else { return result }
    defer { g_error_free(error) }
    let isIO = error.pointee.domain == g_quark_try_string("g-io-error-quark")
    throw GLibFailure(
        message: String(cString: error.pointee.message),
        kind: isIO ? GIOErrorEnum(rawValue: numericCast(error.pointee.code)) : nil)
}

/// Calls a function of libostree that reports failure through a `GError`.
///
/// - Parameter action: the action and its object, for the message: `open repository /srv/cache`.
/// - Throws: `RepositoryError` of kind `library` unless another is given.
func withGError<T>(
    _ action: @autoclosure () -> String, code: RepositoryError.Code = .library,
    _ call: (UnsafeMutablePointer<UnsafeMutablePointer<GError>?>) -> T
) throws(RepositoryError) -> T {
    do {
        return try catchingGError(call)
    } catch {
        throw RepositoryError(code, "cannot \(action()): \(error.message)")
    }
}
