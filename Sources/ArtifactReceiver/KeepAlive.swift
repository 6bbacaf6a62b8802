// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// A thread that sends the client a progress message every few seconds. Nothing else may write to the output meanwhile.
final class KeepAlive {
    private let isOver = Monitor(false)
    private let thread: Thread

    /// The delay before the first message.
    private static let firstDelay = Duration.seconds(1)
    private static let interval = Duration.seconds(5)

    init(_ activity: String, to output: Descriptor) throws {
        let frame = try Message.progress(activity: activity).frame(version: .one)
        thread = try Thread { [isOver] in
            var delay = KeepAlive.firstDelay
            while !isOver.wait(atMost: delay, until: { $0 }) {
                // A lost connection is reported by the next regular write.
                guard (try? output.writeAll(frame)) != nil else { return }
                delay = KeepAlive.interval
            }
        }
    }

    /// Ends the thread; afterwards others may write.
    func stop() {
        isOver.change { $0 = true }
        thread.join()
    }
}
