// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Test func theProgramsAreThere() throws {
    #expect(try run([Programs.receiver(), "--help"]).succeeded)
}
