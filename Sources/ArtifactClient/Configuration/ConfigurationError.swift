// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A configuration that cannot be used, with the place of the mistake.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as it was named or found; nil where no file is to blame.
    public package(set) var file: String?
    /// The line of the mistake, counted from 1; nil where the file as a whole is meant.
    public let line: Int?
    /// The mistake.
    public let cause: String
    /// The correction to make.
    public let remedy: String

    /// `FILE:LINE: ` and one sentence for a person.
    public var description: String {
        var place = ""
        if let file { place += file.forDisplay(limit: 4096) + ":" }
        if let line { place += "\(line):" }
        return (place.isEmpty ? "" : place + " ") + cause + "; " + remedy
    }

    /// The same error of a file.
    package func named(_ file: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, cause, remedy: remedy)
    }

    package init(file: String? = nil, line: Int? = nil, _ cause: String, remedy: String) {
        self.file = file
        self.line = line
        self.cause = cause
        self.remedy = remedy
    }
}
