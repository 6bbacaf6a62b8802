// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// Tells a client every few seconds what the receiver is doing, from a thread of its own; nobody else may write meanwhile.
final class KeepAlive {
    private let isOver = Monitor(false)
    private let thread: Thread

    /// What takes less is not worth a word.
    private static let firstDelay = Duration.seconds(1)
    private static let interval = Duration.seconds(5)

    init(_ activity: String, to output: Descriptor) throws {
        let frame = try Message.progress(ReceiverProgress(activity: activity)).frame(version: .one)
        thread = try Thread { [isOver] in
            var delay = KeepAlive.firstDelay
            while !isOver.wait(atMost: delay, until: { $0 }) {
                // A client that does not listen any more will be noticed by whoever has something to say.
                guard (try? output.writeAll(frame)) != nil else { return }
                delay = KeepAlive.interval
            }
        }
    }

    /// Falls silent; afterwards others may write.
    func stop() {
        isOver.change { $0 = true }
        thread.join()
    }
}
