// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// Whole milliseconds, rounded up, as `poll` takes them.
    var pollTimeout: Int32 {
        Int32(max(0, min(self / .milliseconds(1), Double(Int32.max))).rounded(.up))
    }
}
