// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Short forms of what `make torture` does at length.
@Suite struct TortureTests {
    @Test func `Pushes, prunes, pulls and killed receivers at once break no promise`() throws {
        let result = try run(
            [Programs.torture(), "races", "--seconds", "10", "--pushers", "8"])
        expectSuccess(result)
        #expect(result.text.contains("promises broken"))
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can mount small disks"))
    func `A full disk refuses pushes, changes nothing, and takes them when there is room`() throws {
        let result = try run([Programs.torture(), "disk-full", "--short"])
        expectSuccess(result)
        #expect(result.text.contains("promises broken") || result.text.contains("skipped"))
    }
}
