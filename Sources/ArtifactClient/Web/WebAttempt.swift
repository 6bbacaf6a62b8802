// SPDX-License-Identifier: Apache-2.0

struct WebAttempt {
    let request: any WebRequest
    /// The index of the mirror that is asked.
    var mirror: Int
    /// The number of the attempt, from 1.
    var number = 1
    /// The mirrors that do not have it.
    var lackingMirrors: Set<Int> = []
    /// The URL that the mirror redirects to.
    var redirection: String?
    var redirections = 0
    /// Continues after the bytes that an earlier attempt received.
    var isContinuing = false
    /// The number of times that it was repeated because the store said that its credentials had ended.
    var renewals = 0
    /// Begins at the first byte, whatever is here of it.
    var startsOver = false

    /// Returns the next attempt, where the server cannot continue what is here.
    func nextFromStart() -> WebAttempt {
        var attempt = next(at: mirror)
        attempt.startsOver = true
        return attempt
    }

    /// Returns the next attempt, which forgets redirections.
    func next(at mirror: Int, continuing: Bool = false) -> WebAttempt {
        WebAttempt(
            request: request, mirror: mirror, number: number + 1, lackingMirrors: lackingMirrors,
            isContinuing: continuing,
            startsOver: startsOver)
    }
}
