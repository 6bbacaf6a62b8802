// SPDX-License-Identifier: Apache-2.0

// A tar stream. Members have as many bytes as they say, every byte of the input is somewhere, and what is read does
// not depend on how the input is cut.

import FuzzSupport

@testable import ArtifactProtocol

/// Tries one input; what libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    withInput(start, count) { input in
        let first = read(input, .whole)
        for cut in [Cut.bytes, .uneven] {
            let again = read(input, cut)
            require(again == first, "\(again) where the input is cut \(cut), not \(first)")
        }
    }
}

private struct Outcome: Equatable {
    var members: [String] = []
    var content: [UInt8] = []
    var position: UInt64 = 0
    var isComplete = false
    var failure: String?
}

private func read(_ input: UnsafeRawBufferPointer, _ cut: Cut) -> Outcome {
    var reader = TarReader()
    let buffer = StreamBuffer()
    var outcome = Outcome()
    var (size, seen) = (UInt64(0), UInt64(0))
    cut.feed(input, into: buffer) {
        do {
            while let event = try reader.next(from: buffer) {
                switch event {
                case .member(let name, let stated):
                    outcome.members.append(name)
                    (size, seen) = (stated, 0)
                case .content(let bytes):
                    require(!bytes.isEmpty, "nothing is content")
                    seen += UInt64(bytes.count)
                    require(seen <= size, "a member goes on after its end")
                    outcome.content += bytes
                case .memberEnd: require(seen == size, "a member ends after \(seen) of \(size) bytes")
                case .end:
                    require(reader.position % 10_240 == 0, "the stream ends within a record")
                    outcome.isComplete = true
                    return false
                }
            }
            return true
        } catch {
            outcome.failure = "\(error)"
            return false
        }
    }
    // How far it looked before it found damage depends on how much there was to look at.
    if outcome.failure == nil { outcome.position = reader.position }
    require(reader.position <= UInt64(input.count), "more is read than there is")
    return outcome
}

/// The program.
@_cdecl("FuzzTar_main")
public func main(_ count: Int32, _ arguments: ArgumentVector) -> Int32 { fuzz(count, arguments, test) }
