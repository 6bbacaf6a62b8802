// SPDX-License-Identifier: Apache-2.0

/// One thing to fetch from a remote.
struct WebRequest {
    /// How a fetch ended.
    enum Result {
        /// Everything was taken.
        case complete
        /// The remote does not have it.
        case absent
    }

    /// Where it is below the remote's URL, without a leading slash.
    let path: String
    /// Whether the remote may well not have it. Object stores answer 403 then, where they do not let us list.
    var isOptional = false
    /// The only mirror that is asked, and whose failure counts as absence; nil for any.
    var mirror: Int?
    /// Is called before the first byte, and again before the first byte of each further attempt that begins anew; returns
    /// what takes the bytes.
    let begin: () throws -> (UnsafeRawBufferPointer) throws -> Void
    /// Is called once, at the end. Throwing `WebRequest.Spoilt` asks for another attempt.
    let end: (Result) throws -> Void

    /// What arrived is not what it must be, which another attempt may mend.
    struct Spoilt: Error {
        let reason: any Error
    }
}
