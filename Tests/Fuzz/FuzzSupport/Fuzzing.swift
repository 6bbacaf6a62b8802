// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CFuzzer
import Glibc

/// The arguments of a program, as C passes them.
public typealias ArgumentVector = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// Hands the program over to libFuzzer.
public func fuzz(
    _ count: Int32, _ arguments: ArgumentVector,
    _ test: @escaping @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32 {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments, test)
}

/// A way to cut an input before it is read: the result must not depend on it.
public enum Cut: CaseIterable {
    case whole, bytes, uneven

    /// Feeds a buffer piece by piece, and calls `drain` after each.
    ///
    /// - Parameter drain: returns true if it wants more.
    public func feed(_ input: UnsafeRawBufferPointer, into buffer: StreamBuffer, drain: () -> Bool) {
        var rest = input
        var step = 1
        while !rest.isEmpty {
            let size =
                switch self {
                case .whole: rest.count
                // Further on nothing is met that is not met at the start, and a fuzzer lives on speed.
                case .bytes: input.count - rest.count < 4096 ? 1 : 509
                case .uneven: step % 700 + 1
                }
            step = (step &* 31 &+ 7) & 0xffff
            let taken = buffer.append(rest.prefix(size))
            require(taken > 0, "a buffer takes nothing although everything was taken out of it")
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
            guard drain() else { return }
        }
    }
}

/// Runs `body` with an input's bytes.
public func withInput(
    _ start: UnsafePointer<UInt8>?, _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void
) -> Int32 {
    body(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}

/// Ends the program with a message where something is not as it must be; `precondition` tells nothing in a release.
public func require(_ isTrue: Bool, _ message: @autoclosure () -> String) {
    guard !isTrue else { return }
    let text = Array("found: \(message())\n".utf8)
    _ = write(2, text, text.count)
    abort()
}
