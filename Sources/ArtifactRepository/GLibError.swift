// SPDX-License-Identifier: Apache-2.0

import COSTree

/// Calls a function of libostree that reports failure through a `GError`.
///
/// - Parameter action: what is being done to what, for the message: `open repository /srv/cache`.
/// - Throws: `RepositoryError` of kind `library` unless another is given.
func withGError<T>(
    _ action: @autoclosure () -> String, code: RepositoryError.Code = .library,
    _ call: (UnsafeMutablePointer<UnsafeMutablePointer<GError>?>) -> T
) throws(RepositoryError) -> T {
    var error: UnsafeMutablePointer<GError>?
    let result = call(&error)
    guard let error else { return result }
    defer { g_error_free(error) }
    throw RepositoryError(code, "cannot \(action()): \(String(cString: error.pointee.message))")
}
