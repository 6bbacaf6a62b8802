// SPDX-License-Identifier: Apache-2.0

import SystemCalls

extension Repository {
    /// Does at once what receivers do as they come by: completes or undoes changes of refs that were cut short, and removes
    /// quarantines that nobody will take over.
    public func recoverAll() throws -> RecoveryReport {
        var report = try recoverRefs()
        report.removedQuarantines = try QuarantineDirectory.removeLeftovers(in: standardDirectory("tmp"))
        return report
    }
}
