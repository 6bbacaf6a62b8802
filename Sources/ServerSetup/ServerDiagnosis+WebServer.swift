// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import SystemCalls
import TextCoding

extension ServerDiagnosis {
    mutating func checkWebServer() {
        guard let url = layout.pullURL ?? toldURL() else {
            return note(
                .warning, "clients are not told where to pull from, and it was not looked at",
                "name it with --pull-url")
        }
        var options = web
        options.attempts = 1
        options.timeout = .seconds(15)
        do {
            let address = try RemoteAddress(parsing: url)
            _ = try RemoteRepository(address, options: options).resolve([])
            if case .web(let place) = address, !place.isEncrypted {
                note(.warning, "\(url) is not encrypted", "serve it over HTTPS")
            } else {
                note(.fine, "\(url) answers with this kind of repository")
            }
        } catch {
            note(
                .error, "\(error)",
                "look at the web server's log, and see the example sites in the documentation")
        }
        checkCertificate(of: url)
    }

    private mutating func checkCertificate(of url: String) {
        guard let days = ServerCertificate(of: url)?.daysLeft else { return }
        let remedy = "renew it, and let the web server read it"
        if days < 0 {
            note(.error, "the certificate of \(url) has expired", remedy)
        } else if days < 14 {
            note(.warning, "the certificate of \(url) is good for \(Format.count(days, "day")) only", remedy)
        } else {
            note(.fine, "its certificate is good for \(Format.count(days, "day"))")
        }
    }

    /// Returns the pull URL in the ForceCommand.
    private func toldURL() -> String? {
        guard let command = try? SSHD.settings(for: layout.user)["forcecommand"]?.first else { return nil }
        let words = command.shellWords ?? []
        guard let place = words.firstIndex(of: "--pull-url"), place + 1 < words.count else { return nil }
        return words[place + 1]
    }
}
