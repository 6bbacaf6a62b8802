// SPDX-License-Identifier: Apache-2.0

/// A request to a bucket that failed, or something that it needs and that is not there.
///
/// Neither the code nor the sentence holds a secret: keys, tokens and signatures never enter a message.
package struct S3Error: Error, CustomStringConvertible, Equatable, Sendable {
    /// The kinds of failure.
    package enum Code: Sendable, Equatable {
        /// The text is not the address of a place in a bucket.
        case invalidLocation
        /// The environment or a file of settings cannot be used.
        case invalidConfiguration
        /// There are no credentials, or none could be fetched.
        case noCredentials
        /// The store does not accept the credentials.
        case wrongCredentials
        /// The credentials do not allow this.
        case accessDenied
        /// The clock of this machine and that of the store differ by too much.
        case clockSkew
        /// There is no such bucket.
        case noBucket
        /// The bucket is in another region, or at another endpoint.
        case wrongRegion
        /// The store could not be reached, or did not answer in time.
        case unreachable
        /// The store answered, with errors that may be temporary, for as long as was waited.
        case unavailable
        /// An object or an answer has more bytes than are accepted.
        case tooLarge
        /// The store answers what it should not.
        case badAnswer
        /// The object was replaced while it was read.
        case objectChanged
        /// A conditional put, or a removal that must not be repeated, may or may not have had its effect, or may have
        /// it later.
        case outcomeUnknown
        /// The store does not keep conditions, so it cannot be written to by several at once.
        case unsuitableStore
        /// The body of a put could not be read.
        case localFailure
        /// It was cancelled; a conditional put may have had its effect.
        case cancelled
    }

    /// The kind of failure.
    package let code: Code
    /// One sentence for people.
    package let description: String

    /// Describes a failure.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension S3Error {
    /// The error for an answer that is no document of the expected kind.
    static func unreadableAnswer(to action: String, _ shown: String) -> S3Error {
        S3Error(
            .badAnswer,
            "cannot \(action) \(shown): the store answers with something else than the protocol has, so correct "
                + "AWS_ENDPOINT_URL or use another store")
    }
}

extension String {
    /// Returns text of a server in the form for messages: on one line, in ASCII, cut after 200 characters.
    var shownInMessage: String {
        let ascii = unicodeScalars.map { (0x20..<0x7f).contains($0.value) ? Character($0) : "?" }
        return ascii.count > 200 ? String(ascii.prefix(200)) + "..." : String(ascii)
    }
}
