// SPDX-License-Identifier: Apache-2.0

import ArtifactClient

/// Checks a server's cache: account and permissions, sshd, the repository, its summary and disk space, or the
/// bucket, and the web server.
package struct ServerDiagnosis {
    /// The result of one check.
    package struct Finding {
        /// The weight of a finding.
        package enum Severity: String {
            /// Nothing is wrong.
            case fine = "ok"
            /// Something that works, but should be changed.
            case warning
            /// Something that keeps the cache from working.
            case error
        }

        /// The weight of the finding.
        package let severity: Severity
        /// One sentence without its full stop.
        package let text: String
        /// A command or a sentence that says what to do; nil if nothing is wrong.
        package let remedy: String?
    }

    let layout: ServerLayout
    let web: WebOptions
    private var findings: [Finding] = []

    /// Prepares the checks of a server.
    ///
    /// - Parameter web: options for requests to its web server.
    package init(layout: ServerLayout, web: WebOptions) {
        self.layout = layout
        self.web = web
    }

    /// Runs all checks, except those that depend on something found missing.
    package mutating func run() -> [Finding] {
        let user = SystemUser(named: layout.user)
        if let user {
            checkAccount(user)
        } else {
            note(
                .error, "there is no user \(layout.user)",
                "run 'bst-artifact setup-server', or name the one there is with --user")
        }
        checkReceiver()
        if let user { checkSSHD(user) }
        if !layout.isInBucket {
            checkRepository(user)
        } else if let user {
            checkBucket(user)
        }
        checkWebServer()
        return findings
    }

    mutating func note(_ severity: Finding.Severity, _ text: String, _ remedy: String? = nil) {
        findings.append(Finding(severity: severity, text: text, remedy: remedy))
    }
}
