// SPDX-License-Identifier: Apache-2.0

/// A fault of ``FaultyWebServer`` in its response to a request.
public indirect enum Fault: Sendable {
    /// Answers with this status and a short body.
    case status(Int)
    /// Answers with this status, these headers and a short body.
    case answer(Int, headers: [String])
    /// Answers 302 with this location.
    case redirect(to: String)
    /// Promises the whole body, sends this many bytes of it, and closes the connection.
    case closeAfter(bytes: Int)
    /// Promises the whole body, sends this many bytes of it, and no more for longer than a test.
    case stallAfter(bytes: Int)
    /// Inverts the byte of the file at this offset.
    case corrupt(offset: Int)
    /// Sends these bytes, with status 200, in place of the file.
    case replaceBody([UInt8])
    /// Waits before the right answer.
    case delay(seconds: Double)
    /// Closes every connection without an answer, and takes no more.
    case dieForever
    /// Another fault, for the first so many requests of each path.
    case firstAttempts(Int, Fault)
}
