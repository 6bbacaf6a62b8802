// SPDX-License-Identifier: Apache-2.0

// Messages, one after the other. What is read does not depend on how the input is cut, and what was read survives
// being written and read again.

import FuzzSupport
import Variants

@testable import ArtifactProtocol

/// Tries one input; what libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    withInput(start, count) { input in
        let version: ProtocolVersion = input.count > 1 && input[1] == 0 ? .zero : .one
        let (messages, failure) = read(input, version, .whole)
        for cut in [Cut.bytes, .uneven] {
            let again = read(input, version, cut)
            require(again.messages == messages, "other messages where the input is cut \(cut)")
            require(isSame(again.failure, failure), "another error where the input is cut \(cut)")
        }
        for message in messages {
            for order in [ByteOrder.little, .big] {
                guard let frame = try? message.frame(version: version, order: order) else {
                    fatalError("\(message) came in a frame and does not fit into one")
                }
                let again = frame.withUnsafeBytes { read($0, version, .whole) }
                require(again.messages == [message], "\(message) became \(again)")
            }
        }
    }
}

/// Text in the place of a message is quoted as far as it has come, and told from a wrong byte by the bytes at hand, so
/// that those who sent it are answered at once. All other errors are the same, however the input is cut.
private func isSame(_ one: ProtocolError?, _ other: ProtocolError?) -> Bool {
    if let one, let other, [one.code, other.code].contains(.foreignText) { return true }
    return one == other
}

private func read(
    _ input: UnsafeRawBufferPointer, _ version: ProtocolVersion, _ cut: Cut
) -> (messages: [Message], failure: ProtocolError?) {
    let reader = MessageReader(version: version)
    let buffer = StreamBuffer()
    var messages: [Message] = []
    var failure: ProtocolError?
    cut.feed(input, into: buffer) {
        do throws(ProtocolError) {
            while let message = try reader.next(from: buffer) { messages.append(message) }
            return true
        } catch {
            failure = error
            return false
        }
    }
    return (messages, failure)
}

/// The program.
@_cdecl("FuzzFrames_main")
public func main(_ count: Int32, _ arguments: ArgumentVector) -> Int32 { fuzz(count, arguments, test) }
