// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A configuration that cannot be used, with the place of the mistake.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as it was named or found; nil where no file is to blame.
    public let file: String?
    /// The line of the mistake, counted from 1; nil where the file as a whole is meant.
    public let line: Int?
    /// What is wrong, and why.
    public let cause: String
    /// What to do about it.
    public let remedy: String

    /// `FILE:LINE: ` and one sentence for a person.
    public var description: String {
        var place = ""
        if let file { place += file.forDisplay(limit: 4096) + ":" }
        if let line { place += "\(line):" }
        return (place.isEmpty ? "" : place + " ") + cause + "; " + remedy
    }

    init(file: String?, line: Int? = nil, _ cause: String, remedy: String) {
        self.file = file
        self.line = line
        self.cause = cause
        self.remedy = remedy
    }

    init(file: String, _ fault: ConfigurationFault) {
        self.init(file: file, line: fault.line, fault.cause, remedy: fault.remedy)
    }
}

/// A mistake in a configuration's text, before it is known which file that is.
struct ConfigurationFault: Error {
    let line: Int?
    let cause: String
    let remedy: String

    init(line: Int?, _ cause: String, remedy: String) {
        self.line = line
        self.cause = cause
        self.remedy = remedy
    }
}
