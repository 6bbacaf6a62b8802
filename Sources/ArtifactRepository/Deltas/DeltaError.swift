// SPDX-License-Identifier: Apache-2.0

/// The reason why a static delta cannot be used. Its target can still be fetched object by object.
package struct DeltaError: Error, CustomStringConvertible, Equatable {
    /// The reason, as the end of a sentence.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
