// SPDX-License-Identifier: Apache-2.0

extension WebClient {
    /// A place that has the same as the others.
    struct Mirror {
        /// Its URL, without a slash at its end.
        let base: String
        /// The same for messages, without credentials.
        let shown: String
        /// The place of files and static deltas, if it is another one.
        var content: (base: String, shown: String)?

        func base(for request: any WebRequest) -> String {
            request.isContent ? content?.base ?? base : base
        }

        /// Returns the URL that a request is for, without credentials.
        func shownURL(of request: any WebRequest) -> String {
            "\(request.isContent ? content?.shown ?? shown : shown)/\(request.path)"
        }
    }
}
